"""Accounts, members, licenses, who holds them and what they may use."""
