"""Secure messages: a product that obeys licenses."""
