"""Workers that do what the notifier's does, with what others would take: started by benchmarks/effects.py."""

QUEUE = "effects"
