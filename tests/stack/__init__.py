"""On a deployed local stack, held to its IAM roles: what one process with moto cannot show."""
