"""The companions table, one module per family of rows."""

from functions.companions.table.base import CompanionsRow
from functions.companions.table.profiles import ProfileRow, find_profile_row, kept_profile, profile_row

__all__ = ["CompanionsRow", "ProfileRow", "find_profile_row", "kept_profile", "profile_row"]
