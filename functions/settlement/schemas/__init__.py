"""Bodies and answers of the money routes, one module per topic."""
