"""Pure rules: `policies` and products, `deliveries` to insurers, `thresholds`."""
