"""The `hospitals` table: one module per kind of row."""
