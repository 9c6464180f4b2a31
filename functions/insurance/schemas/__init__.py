"""What the room's routes take and give, one module per topic."""
