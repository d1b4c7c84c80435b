"""Runs the suite and the servers it needs on this machine, on loopback only."""
