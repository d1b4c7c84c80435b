"""What the broker is told when it starts: its users and their rights."""
