"""What companions tells the other rooms."""

from datetime import date

import msgspec

from functions.booking.rules.conditions import ConditionType
from functions.companions.rules.applications import Decision
from functions.companions.rules.credentials import CredentialKind
from functions.companions.rules.profiles import SuspensionReason, Tier
from functions.companions.rules.tiers import TierReason
from functions.shared.events import Event


class Serves(msgspec.Struct, frozen=True, kw_only=True):
    """The departments of one hospital where a companion works."""

    hospital_id: str
    department_ids: tuple[str, ...]


class CompanionActivated(Event, frozen=True, kw_only=True, tag="companion.activated"):
    """The companion may be offered orders, with this profile. Said again whenever the profile changes."""

    companion_id: str
    sequence: int
    """Grows with everything said of this companion: what comes with a lower one is out of date."""
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
    specialties: tuple[ConditionType, ...] = ()
    """What they say they are good at."""


class CompanionSuspended(Event, frozen=True, kw_only=True, tag="companion.suspended"):
    """The companion may not be offered orders until companion.activated is said again with a higher sequence."""

    companion_id: str
    sequence: int
    reason: SuspensionReason


class CredentialExpiring(Event, frozen=True, kw_only=True, tag="companion.credential_expiring"):
    """A verified credential has `days` left; its last day is `expires_on`. No renewal is waiting for its check."""

    companion_id: str
    kind: CredentialKind
    expires_on: date
    days: int


class CompanionTierChanged(Event, frozen=True, kw_only=True, tag="companion.tier_changed"):
    """The companion's tier went up or down; new orders are shared by the new one."""

    companion_id: str
    tier_from: Tier
    tier_to: Tier
    reason: TierReason


class ComplaintsTooOften(Event, frozen=True, kw_only=True, tag="companion.complained_of"):
    """Clients complained of a companion so often that they stopped working: the figures of the last `window_days`."""

    companion_id: str
    upheld: int
    rejected: int
    visits: int
    window_days: int
    rate_bp: int


class ApplicationDecided(Event, frozen=True, kw_only=True, tag="application.decided"):
    """Staff decided about an application; what they wrote to the applicant stays with the application."""

    account_id: str
    application_id: str
    decision: Decision
    reason: str
    """A code of `RefusalReason`; empty unless it was rejected."""
