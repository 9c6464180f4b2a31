"""The accounts table, one module per family of rows: `identities`, `patients`, `guests`, `notices`."""
