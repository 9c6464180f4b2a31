"""Requests and answers, one module per topic: `sessions`, `patients`, `guests`, `notices`."""
