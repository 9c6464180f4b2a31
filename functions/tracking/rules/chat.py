"""The conversation of a visit (F12): what may be said, in which order it is shown, and when it may be taken back.

Everything that is shown has a number, from 1 without a gap. A message gets its number when the content check lets it
through, not when it is sent; what one person sent first is never overtaken by what that person sent later, unless a
member of staff has to look at it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, NotFound
from functions.tracking.rules.access import Standing
from functions.tracking.rules.policy import Policy

MAY_WRITE = frozenset({Standing.CLIENT, Standing.COMPANION, Standing.GUEST})
SYSTEM = "system"
"""Who says what nobody wrote: cards."""


class ConversationClosed(Conflict):
    """The visit is too long over."""

    code = "conversation_closed"
    title = "会话已关闭，不能再发送消息"


class MessageIdReused(Conflict):
    """Another message of the same sender has this id."""

    code = "message_id_reused"
    title = "该 message_id 已用于另一条消息"


class TooManyUnchecked(Conflict):
    """So many of the sender's messages wait for their check that no more are taken."""

    code = "too_many_unchecked"
    title = "消息发送过于频繁，请稍后再试"


class MessageNotFound(NotFound):
    """There is no such message for this caller."""

    code = "message_not_found"
    title = "没有找到这条消息"


class TooLateToRecall(Conflict):
    """Others have had it for too long."""

    code = "too_late_to_recall"
    title = "发出超过 2 分钟的消息不能撤回"


class NotWaiting(Conflict):
    """Nobody has to decide about this message, or somebody has."""

    code = "message_not_waiting"
    title = "这条消息无需审核或已审核"


class EntryKind(StrEnum):
    """What one number of the conversation stands for."""

    TEXT = "text"
    PICTURE = "picture"
    VOICE = "voice"
    MILESTONE = "milestone"
    CHECKLIST = "checklist"
    CALL = "call"
    RECALL = "recall"


WRITTEN = frozenset({EntryKind.TEXT, EntryKind.PICTURE, EntryKind.VOICE})
"""What people send; the rest is said by the system."""


class MessageState(StrEnum):
    """Where a message stands: only its sender sees it until it is published."""

    CHECKING = "checking"
    WAITING = "waiting"
    PUBLISHED = "published"
    REFUSED = "refused"


MESSAGE_MOVES: Mapping[MessageState, frozenset[MessageState]] = {
    MessageState.CHECKING: frozenset({MessageState.WAITING, MessageState.PUBLISHED, MessageState.REFUSED}),
    MessageState.WAITING: frozenset({MessageState.PUBLISHED, MessageState.REFUSED}),
    MessageState.PUBLISHED: frozenset(),
    MessageState.REFUSED: frozenset(),
}

_FOLLOWS: Mapping[str, MessageState] = {
    "pass": MessageState.PUBLISHED,
    "review": MessageState.WAITING,
    "block": MessageState.REFUSED,
}


def state_after(verdict: str) -> MessageState:
    """Where the content check's word (`pass`, `review`, `block`) leads; one that we do not know is for a person."""
    return _FOLLOWS.get(verdict, MessageState.WAITING)


@dataclass(frozen=True, kw_only=True)
class Media:
    """A picture or a voice message as it is stored; `duration_s` and `waveform` (0 to 100) are a voice's."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str
    duration_s: int | None = None
    waveform: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Card:
    """Something that the system says in the conversation: a milestone, the checklist, a video call."""

    title: str
    code: str = ""
    change: str = ""
    """`recorded`, `skipped`, `corrected`, `vouched` of a milestone; `ended` or `missed` of a call."""
    by: str = ""
    duration_s: int | None = None


@dataclass(frozen=True)
class Queued:
    """A message of one sender that is not settled, or whose turn has not come."""

    message_id: str
    state: MessageState = MessageState.CHECKING


def settled(
    queue: Sequence[Queued], message_id: str, state: MessageState
) -> tuple[tuple[Queued, ...], tuple[Queued, ...]]:
    """With this message's check done: those whose turn has come, in the order sent, and those that go on waiting."""
    known = tuple(replace(each, state=state) if each.message_id == message_id else each for each in queue)
    ready = next(
        (number for number, each in enumerate(known) if each.state is MessageState.CHECKING),
        len(known),
    )
    return known[:ready], known[ready:]


def message_id_of(sender_id: str, client_message_id: str) -> str:
    """The id of what a sender calls by an id of their own: the same whenever it is sent again."""
    digest = hashlib.sha256(f"{sender_id}#{client_message_id}".encode()).digest()
    return f"msg_{base64.b32encode(digest).decode()[:26]}"


def check_subject(visit_id: str, sender_id: str, message_id: str) -> str:
    """What the content check calls a message."""
    return f"{visit_id}/{sender_id}/{message_id}"


def parse_subject(subject: str) -> tuple[str, str, str]:
    """The visit, the sender and the message; the inverse of `check_subject`."""
    visit_id, sender_id, message_id = subject.split("/")
    return visit_id, sender_id, message_id


def closes_at(ends_at: datetime, ended_at: datetime | None, policy: Policy) -> datetime:
    """Until when messages are taken: some days after the visit's end, or its planned end."""
    return (ended_at or ends_at) + timedelta(seconds=policy.chat_closes_after_s)


def require_recallable(
    *,
    sender_id: str,
    caller_id: str,
    kind: EntryKind,
    is_recalled: bool,
    shown_at: datetime,
    now: datetime,
    within_s: int,
) -> None:
    """A message may be taken back by who wrote it, soon after it was shown. MessageNotFound, TooLateToRecall."""
    if sender_id != caller_id or kind not in WRITTEN or is_recalled:
        raise MessageNotFound()
    if now > shown_at + timedelta(seconds=within_s):
        raise TooLateToRecall()


def marked(read_to: int, sequence: int, latest: int) -> int:
    """Up to where somebody has read, after saying `sequence`: never back, never beyond what there is."""
    return max(read_to, min(sequence, latest))
