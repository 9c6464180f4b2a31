"""What the room's routes take and answer, one module per topic."""
