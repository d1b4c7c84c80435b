"""Accounts, members, approved domains, licenses, who holds them and what they may use."""
