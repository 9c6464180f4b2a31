"""Booking's rules, pure: `policy`, `pricing`, `matching`, `calendar`, `orders`, `itinerary`."""
