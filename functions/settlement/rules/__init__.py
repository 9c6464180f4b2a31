"""Pure rules about money: `ledger`, `payments`, `refunds`, `income`, and the thresholds in `policy`."""
