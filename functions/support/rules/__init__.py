"""Pure rules of reviews and of the remedy."""
