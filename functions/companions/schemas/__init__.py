"""Requests and answers, one module per topic."""
