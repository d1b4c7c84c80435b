"""The smallest service: it counts what it hears, so that tests see every effect."""
