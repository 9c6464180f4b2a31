"""An emergency call (F34): 120 first, then who has and who has not been reached. Nothing here pretends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.tracking.rules.access import Standing

HOTLINE = "120"
ADVICE = "请先拨打 120。平台同时通知医院急救台、家属和客服，但不能代替 120；送达情况见下，没有送达的请直接打电话。"


class EmergencyKind(StrEnum):
    """What happened, in the caller's one tap; sealed with the position."""

    UNWELL = "unwell"
    FALL = "fall"
    LOST = "lost"
    DISPUTE = "dispute"
    OTHER = "other"


class PositionSource(StrEnum):
    """`last_known`: nobody gave a position with the call, this is the companion's phone a while ago."""

    REPORTED = "reported"
    LAST_KNOWN = "last_known"


class Recipient(StrEnum):
    """Who is told."""

    DESK = "hospital_desk"
    FAMILY = "family"
    COMPANION = "companion"
    STAFF = "staff"


class Channel(StrEnum):
    """How. An inbox is not a person: a notice counts once it was read."""

    WEBHOOK = "webhook"
    LIVE = "live"
    INBOX = "inbox"
    WECHAT = "wechat"


class Outcome(StrEnum):
    """What became of one way of telling somebody; in the order in which later news replaces earlier."""

    PENDING = "pending"
    NOT_CONFIGURED = "not_configured"
    WRITTEN = "written"
    """It is in the inbox, unread."""
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"
    """The provider may have delivered it."""
    NOTIFIED = "notified"
    READ = "read"


class Reached(StrEnum):
    """Whether a recipient was reached at all."""

    NOTIFIED = "notified"
    PENDING = "pending"
    UNREACHABLE = "unreachable"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True)
class Attempt:
    """One way of telling one recipient, and its present outcome. `title` tells a desk's contacts apart."""

    recipient: Recipient
    channel: Channel
    outcome: Outcome
    at: datetime
    title: str = ""


_RANK = {outcome: number for number, outcome in enumerate(Outcome)}
_WAYS: Mapping[Recipient, tuple[Channel, ...]] = {
    Recipient.DESK: (Channel.WEBHOOK, Channel.LIVE),
    Recipient.FAMILY: (Channel.LIVE, Channel.INBOX, Channel.WECHAT),
    Recipient.COMPANION: (Channel.LIVE, Channel.INBOX, Channel.WECHAT),
    Recipient.STAFF: (Channel.LIVE, Channel.INBOX),
}
_CALLERS_OWN: Mapping[Standing, tuple[Channel, ...]] = {Standing.CLIENT: (Channel.LIVE,)}
"""A client who calls is not told of it, but the guests who follow are: of the family's ways only the live channel."""
_TITLES: Mapping[Recipient, str] = {
    Recipient.DESK: "医院急救台",
    Recipient.FAMILY: "家属",
    Recipient.COMPANION: "陪诊师",
    Recipient.STAFF: "平台客服",
}
RECIPIENT_OF: Mapping[Standing, Recipient] = {
    Standing.CLIENT: Recipient.FAMILY,
    Standing.GUEST: Recipient.FAMILY,
    Standing.COMPANION: Recipient.COMPANION,
    Standing.STAFF: Recipient.STAFF,
}


def planned(*, called_by: Standing, has_companion: bool, at: datetime) -> tuple[Attempt, ...]:
    """Everybody who is about to be told, and how: all pending."""
    told = [Recipient.DESK, Recipient.FAMILY, Recipient.STAFF]
    if called_by is not Standing.COMPANION and has_companion:
        told.insert(2, Recipient.COMPANION)
    return tuple(
        Attempt(recipient, channel, Outcome.PENDING, at)
        for recipient in told
        for channel in (
            _CALLERS_OWN.get(called_by, _WAYS[recipient]) if recipient is Recipient.FAMILY else _WAYS[recipient]
        )
    )


def noted(attempts: Sequence[Attempt], news: Attempt) -> tuple[Attempt, ...]:
    """The attempts with this news, which may come late or twice: what is known for better is kept.

    The first contact of a desk that is named takes the place of the one that was planned, and of nothing else.
    """
    if _is_planned_desk(news) and any(map(_is_named_desk, attempts)):
        return tuple(attempts)
    found = False
    kept: list[Attempt] = []
    for attempt in attempts:
        same = (attempt.recipient, attempt.channel, attempt.title) == (news.recipient, news.channel, news.title)
        replaces = _is_planned_desk(attempt) and _is_named_desk(news)
        if same or replaces:
            kept.append(news if replaces or _RANK[news.outcome] >= _RANK[attempt.outcome] else attempt)
            found = True
        else:
            kept.append(attempt)
    return tuple(kept) if found else (*kept, news)


def _is_planned_desk(attempt: Attempt) -> bool:
    is_pending = attempt.outcome is Outcome.PENDING
    return is_pending and (attempt.recipient, attempt.channel, attempt.title) == (Recipient.DESK, Channel.WEBHOOK, "")


def _is_named_desk(attempt: Attempt) -> bool:
    return (attempt.recipient, attempt.channel) == (Recipient.DESK, Channel.WEBHOOK) and attempt.title != ""


_REACHED = frozenset({Outcome.NOTIFIED, Outcome.READ})
_OPEN = frozenset({Outcome.PENDING, Outcome.WRITTEN, Outcome.UNKNOWN})


def reached(attempts: Sequence[Attempt]) -> dict[Recipient, Reached]:
    """Who has and who has not been reached, each recipient once, in the order of the plan."""
    found: dict[Recipient, Reached] = {}
    for recipient in dict.fromkeys(attempt.recipient for attempt in attempts):
        outcomes = {attempt.outcome for attempt in attempts if attempt.recipient is recipient}
        if outcomes & _REACHED:
            found[recipient] = Reached.NOTIFIED
        elif outcomes & _OPEN:
            found[recipient] = Reached.PENDING
        else:
            found[recipient] = Reached.UNREACHABLE if Outcome.UNREACHABLE in outcomes else Reached.NOT_CONFIGURED
    return found


def said(attempts: Sequence[Attempt], *, is_taken: bool) -> str:
    """The same in one Chinese sentence: who knows, who does not yet, who cannot be told."""
    parts: list[str] = []
    found = reached(attempts)
    for state, words in _WORDS.items():
        names = "、".join(_TITLES[recipient] for recipient, at in found.items() if at is state)
        if names:
            parts.append(f"{words}：{names}")
    if not is_taken:
        parts.append("急救台尚未接警")
    return "；".join(parts) + "。"


_WORDS: Mapping[Reached, str] = {
    Reached.NOTIFIED: "已通知到",
    Reached.PENDING: "正在通知",
    Reached.UNREACHABLE: "没有通知到",
    Reached.NOT_CONFIGURED: "无法通知",
}
