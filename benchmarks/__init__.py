"""What is fast by design is measured here, each subject beside its floor and its peers: `make bench`."""
