"""E-mails and the activity log of every account."""
