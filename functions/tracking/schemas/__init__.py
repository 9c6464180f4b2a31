"""What the room is sent and what it answers, over HTTP and over the live channel: one module per topic."""
