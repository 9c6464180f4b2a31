"""`webhooks` carries our signed messages to insurers."""
