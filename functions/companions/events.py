"""What companions tells the other rooms."""

import msgspec

from functions.shared.events import Event


class Serves(msgspec.Struct, frozen=True, kw_only=True):
    """The departments of one hospital where a companion works."""

    hospital_id: str
    department_ids: tuple[str, ...]


class CompanionActivated(Event, frozen=True, kw_only=True, tag="companion.activated"):
    """The companion may be offered orders, with this profile. Said again whenever the profile changes."""

    companion_id: str
    display_name: str
    """The name that clients are shown."""
    city: str
    tier: str
    gender: str
    languages: tuple[str, ...]
    first_aid_certified: bool
    serves: tuple[Serves, ...]
    rating_hundredths: int | None
    """Out of five, times one hundred; null for who has not been rated."""
    completed_visits: int
    cases_by_department: dict[str, int]
