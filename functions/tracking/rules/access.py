"""Who somebody is to a visit."""

from enum import StrEnum

from functions.shared.caller import Caller, Role


class Standing(StrEnum):
    """A caller's part in one visit."""

    CLIENT = "client"
    COMPANION = "companion"
    STAFF = "staff"
    GUEST = "guest"
    DESK = "desk"
    """A hospital's emergency desk: it hears of calls for help, and follows no visit."""


class Scope(StrEnum):
    """What a guest's pass may show (F11)."""

    PROGRESS = "progress"
    POSITION = "position"
    CHAT = "chat"


def standing_of(caller: Caller, *, client_id: str, companion_id: str, order_id: str) -> Standing | None:
    """The caller's part in the visit, or None for a stranger. A guest's pass must still be checked to be alive."""
    if Role.GUEST in caller.roles:
        return Standing.GUEST if caller.order_id == order_id else None
    if Role.CLIENT in caller.roles and caller.subject == client_id:
        return Standing.CLIENT
    if Role.COMPANION in caller.roles and caller.subject == companion_id:
        return Standing.COMPANION
    return Standing.STAFF if caller.is_staff else None


CHANGES_PROGRESS = frozenset({Role.COMPANION, Role.AGENT, Role.ADMIN})
"""Who records, skips and corrects milestones: the visit's companion, and staff who say why."""
VOUCHES = frozenset({Role.AGENT, Role.ADMIN})
SEES_POSITION = frozenset({Standing.CLIENT, Standing.STAFF, Standing.GUEST})
"""Who is shown the coarse cell; the companion knows where it is."""
