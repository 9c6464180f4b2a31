"""An emergency call at a hospital's desk (F34): who is asked in which order, until somebody has taken it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, NotFound


class EmergencyState(StrEnum):
    """Where a call stands. Only people move it on: a desk that was reached has not yet taken it."""

    CALLED = "called"
    ACKNOWLEDGED = "acknowledged"
    EN_ROUTE = "en_route"
    RESOLVED = "resolved"


_ORDER = tuple(EmergencyState)
MOVES: Mapping[EmergencyState, frozenset[EmergencyState]] = {
    state: frozenset(_ORDER[number + 1 :]) for number, state in enumerate(_ORDER)
}
"""Forward only; a step may be left out, for nobody at a desk has time for our steps."""


class EmergencyNotFound(NotFound):
    """There is no such call, or it is not this desk's."""

    code = "emergency_not_found"
    title = "没有找到这次紧急求助"


class EmergencyMovedOn(Conflict):
    """The call is further than this step already."""

    code = "emergency_moved_on"
    title = "这次求助的处理进度已经在这一步之后"


class Ring(StrEnum):
    """What became of the message to one contact."""

    NOTIFIED = "notified"
    """The contact's system took it (an answer of 2xx), which is not yet a person."""
    UNREACHABLE = "unreachable"
    NOT_CONFIGURED = "not_configured"
    """There is no desk, or its contact has no address for messages."""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One line of a desk's list: a phone number to be shown, an address for signed messages with its sealed secret."""

    contact_id: str
    title: str
    phone: str
    url: str | None = None
    wrapped_key: str = ""
    secret_sealed: str = ""


@dataclass(frozen=True, kw_only=True)
class DeskPolicy:
    """How long a desk has, in seconds; part of its row, for hospitals agree on it one by one."""

    acknowledge_within_s: int = 60
    """Then the next contact is told, and after the last one our own staff."""
    message_timeout_s: int = 5
    """How long a contact's system may take to answer."""

    def __post_init__(self) -> None:
        if not 1 <= self.acknowledge_within_s <= 600 or not 1 <= self.message_timeout_s <= 10:
            raise ValueError("emergency desk: a time is out of range")

    def due_at(self, now: datetime) -> datetime:
        """When silence has lasted too long; a whole second, as the store keeps it."""
        return (now + timedelta(seconds=self.acknowledge_within_s)).replace(microsecond=0)


def moved(state: EmergencyState, to: EmergencyState) -> bool:
    """Whether the call changes by going `to`: not if it is there already. EmergencyMovedOn if it is further."""
    if to is state:
        return False
    if to not in MOVES[state]:
        raise EmergencyMovedOn()
    return True


def is_further(state: EmergencyState, than: EmergencyState) -> bool:
    """Whether `state` comes after `than`, for news that may arrive in any order."""
    return _ORDER.index(state) > _ORDER.index(than)


def next_contact(number: int, count: int) -> int | None:
    """Whom to tell after contact `number` (from 0; -1 before the first); None when the list is at its end."""
    return number + 1 if number + 1 < count else None


def message(
    *,
    call_id: str,
    visit_id: str,
    hospital_id: str,
    campus_id: str,
    department_id: str,
    called_at: datetime,
    contact_number: int,
) -> str:
    """The body for a contact: where, when and which call. Position and condition are fetched with the desk's own token.

    The same call and contact, the same bytes.
    """
    at = called_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "call_id": call_id,
        "visit_id": visit_id,
        "hospital_id": hospital_id,
        "campus_id": campus_id,
        "department_id": department_id,
        "called_at": at,
        "contact_number": contact_number,
        "details": f"/emergency-desks/{hospital_id}/calls/{call_id}",
    }
    return json.dumps({"type": "emergency.called", "timestamp": at, "data": data}, separators=(",", ":"))
