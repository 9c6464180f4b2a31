"""Requests and answers of booking, by topic. Docstrings and descriptions are shown to API users."""
