"""The room's thresholds. These are the defaults; the row `CONFIG` / `policy` overrides them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """Whole seconds, days and counts."""

    access_token_s: int = 900
    """How long an access token is good for."""
    refresh_idle_days: int = 30
    """A session that is not refreshed for this long ends."""
    session_max_days: int = 180
    """However often it is refreshed, a session ends after this long."""
    refresh_grace_s: int = 10
    """How long a rotated refresh token still gets its successor again: the first answer may have been lost."""
    login_failures: int = 5
    """Wrong passwords in a row that lock a user name."""
    login_lock_s: int = 900
    """How long a user name stays locked, and how long failures are remembered."""
    assertion_max_s: int = 300
    """How far ahead an institution's client assertion may expire."""
    patients_per_client: int = 20
    guest_accesses_per_order: int = 20
    """Ever granted for one order, revoked ones included."""
    duty_staff_ids: tuple[str, ...] = ()
    """Who of our staff is told of an emergency call, by account (F34); the row must name them."""
    guest_view_every_s: int = 600
    """A guest who goes on looking is noted this often at most, by device."""
    guest_views_days: int = 180
    """How long it is kept who looked when."""
    credits_per_template: int = 20
    """Unspent subscribe-message consents kept for one account and template."""
