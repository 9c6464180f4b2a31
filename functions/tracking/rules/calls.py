"""A video call of a visit (F13): rung, joined, left, missed. It belongs to the visit, and one is open at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import Conflict, NotFound, Unavailable
from functions.tracking.rules.access import Standing


class CallState(StrEnum):
    """Where a call stands."""

    RINGING = "ringing"
    ACTIVE = "active"
    ENDED = "ended"
    MISSED = "missed"


CALL_MOVES: Mapping[CallState, frozenset[CallState]] = {
    CallState.RINGING: frozenset({CallState.ACTIVE, CallState.MISSED}),
    CallState.ACTIVE: frozenset({CallState.ENDED}),
    CallState.ENDED: frozenset(),
    CallState.MISSED: frozenset(),
}
OPEN = frozenset({CallState.RINGING, CallState.ACTIVE})
MAY_RING = frozenset({Standing.COMPANION, Standing.CLIENT})
MAY_JOIN = MAY_RING | {Standing.GUEST}
"""A guest needs the scope `chat`: who may not read along may not listen either."""


class Provider(StrEnum):
    """Whose room it is; one for all of a call."""

    TRTC = "trtc"
    WECHAT_VOIP = "wechat_voip"


class CallNotFound(NotFound):
    """There is no such call."""

    code = "call_not_found"
    title = "没有找到这次通话"


class CallOver(Conflict):
    """The call has ended, or nobody answered it."""

    code = "call_over"
    title = "通话已经结束"


class CallOpen(Conflict):
    """Somebody rings already; `call_id` in the answer says which call to join."""

    code = "call_open"
    title = "已有通话正在进行，请直接加入"


class CallFull(Conflict):
    """As many people as a call takes have been in it."""

    code = "call_full"
    title = "通话人数已满"


class CallNeedsWeChat(Conflict):
    """The room is WeChat's own, which knows only people who signed in with WeChat."""

    code = "call_needs_wechat"
    title = "本次通话需要用微信登录后加入"


class CallsUnavailable(Unavailable):
    """No provider is configured for this stage."""

    code = "calls_unavailable"
    title = "视频通话暂不可用"


@dataclass(frozen=True)
class Party:
    """Somebody in a call. `left_at` is None while they are in it."""

    subject: str
    standing: Standing
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True)
class VideoCall:
    """A call as a whole. `started_at` is when a second person joined; times are instants."""

    state: CallState
    rung_at: datetime
    parties: tuple[Party, ...]
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def present(self) -> tuple[Party, ...]:
        """Who is in it now."""
        return tuple(party for party in self.parties if party.left_at is None)

    @property
    def duration_s(self) -> int:
        """Whole seconds that two or more people could talk; 0 for a missed call."""
        if self.started_at is None or self.ended_at is None:
            return 0
        return max(0, int((self.ended_at - self.started_at).total_seconds()))


def rung(subject: str, standing: Standing, now: datetime) -> VideoCall:
    """A new call with its caller in it."""
    return VideoCall(CallState.RINGING, now, (Party(subject, standing, now),))


def joined(call: VideoCall, subject: str, standing: Standing, now: datetime, *, most: int) -> VideoCall:
    """The call with `subject` in it; joining again (a lost connection) changes nothing. CallOver, CallFull."""
    if call.state not in OPEN:
        raise CallOver()
    if any(party.subject == subject for party in call.present):
        return call
    if len(call.present) >= most:
        raise CallFull()
    fresh = Party(subject, standing, now)
    if any(party.subject == subject for party in call.parties):
        parties = tuple(fresh if party.subject == subject else party for party in call.parties)
    else:
        parties = (*call.parties, fresh)
    if call.state is CallState.ACTIVE:
        return replace(call, parties=parties)
    return replace(call, parties=parties, state=CallState.ACTIVE, started_at=now)


def left(call: VideoCall, subject: str, now: datetime) -> VideoCall:
    """The call without `subject`. With one person left it is over; a caller who hangs up while it rings missed it.

    Leaving a call that is over, or in which one is not, changes nothing.
    """
    if call.state not in OPEN or all(party.subject != subject for party in call.present):
        return call
    parties = tuple(
        replace(party, left_at=now) if party.subject == subject and party.left_at is None else party
        for party in call.parties
    )
    after = replace(call, parties=parties)
    return after if len(after.present) > 1 else closed(after, now)


def closed(call: VideoCall, now: datetime) -> VideoCall:
    """The call over: missed if nobody ever joined its caller. A call that is over stays as it is."""
    if call.state not in OPEN:
        return call
    state = CallState.ENDED if call.state is CallState.ACTIVE else CallState.MISSED
    parties = tuple(party if party.left_at else replace(party, left_at=now) for party in call.parties)
    return replace(call, state=state, parties=parties, ended_at=now)
