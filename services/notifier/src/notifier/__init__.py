"""E-mails and their delivery, and the activity log of every account."""
