"""What support needs from outside: the workflow service."""
