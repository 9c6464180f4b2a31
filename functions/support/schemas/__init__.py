"""What the room's routes take and answer."""
