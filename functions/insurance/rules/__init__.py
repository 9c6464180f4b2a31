"""Pure rules: `policies` and products, `deliveries` to insurers, `endpoints` that may be called, `thresholds`."""
