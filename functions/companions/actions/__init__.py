"""What other rooms may read of companions, and what the seed puts here."""

from functions.companions.actions.profiles import find_active_profile, find_profile, put_companion
from functions.companions.rules import Profile

__all__ = ["Profile", "find_active_profile", "find_profile", "put_companion"]
