"""Booking's rules, pure: `policy`, `pricing`, `matching`, `conditions`, `calendar`, `orders`, `itinerary`."""
