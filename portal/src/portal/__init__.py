"""Sign-in and pages: where people buy, hand out and activate licenses."""
