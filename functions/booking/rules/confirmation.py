"""The companion says, a day ahead, that they will come (B6)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum

from functions.booking.rules.policy import Policy
from functions.shared.errors import Conflict


class Step(IntEnum):
    """What happens when a confirmation's timer is due, in this order."""

    ASK = 0
    REMIND = 1
    GIVE_UP = 2


@dataclass(frozen=True)
class Confirmation:
    """Where the question stands. `step` is what happens at `next_at`, unless the companion confirmed before."""

    ask_at: datetime
    answer_by: datetime
    step: Step = Step.ASK
    next_at: datetime | None = None
    confirmed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """The question was asked and is not answered."""
        return self.confirmed_at is None and self.step is not Step.ASK


class NotYetAsked(Conflict):
    """It is too early to promise anything."""

    code = "confirmation_not_yet_asked"
    title = "还没到确认时间，请在收到确认提醒后再确认"


def on_assignment(now: datetime, starts_at: datetime, policy: Policy) -> Confirmation:
    """Asked later, or confirmed by taking it if the visit is already near (24 h by default)."""
    if now >= starts_at - timedelta(seconds=policy.confirm_ask_before_s):
        return Confirmation(ask_at=now, answer_by=now, confirmed_at=now)
    return to_be_asked(now, starts_at, policy)


def to_be_asked(now: datetime, starts_at: datetime, policy: Policy) -> Confirmation:
    """Asked 24 h ahead, at once for a visit that is nearer; half of what is left is the longest time to answer."""
    ask_at = max(now, starts_at - timedelta(seconds=policy.confirm_ask_before_s))
    longest = timedelta(seconds=policy.confirm_within_s)
    answer_by = ask_at + max(timedelta(0), min(longest, (starts_at - ask_at) / 2))
    return Confirmation(ask_at=ask_at, answer_by=_whole(answer_by), next_at=ask_at)


def after(confirmation: Confirmation) -> Confirmation:
    """What follows once the present step was taken: the reminder halfway, giving up when the time to answer is over."""
    if confirmation.step is Step.ASK:
        halfway = confirmation.ask_at + (confirmation.answer_by - confirmation.ask_at) / 2
        return replace(confirmation, step=Step.REMIND, next_at=_whole(halfway))
    if confirmation.step is Step.REMIND:
        return replace(confirmation, step=Step.GIVE_UP, next_at=confirmation.answer_by)
    return replace(confirmation, next_at=None)


def confirmed(confirmation: Confirmation, now: datetime) -> Confirmation:
    """The companion's yes; a second one changes nothing. NotYetAsked before the question."""
    if confirmation.confirmed_at is not None:
        return confirmation
    if now < confirmation.ask_at:
        raise NotYetAsked()
    return replace(confirmation, confirmed_at=now, next_at=None)


def _whole(at: datetime) -> datetime:
    """Timers and answers know milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
