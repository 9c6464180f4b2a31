"""A review from its invitation to its place in the companion's rating (F16).

What users write is seen by others only after it passed the content check, or after a member of staff let it through.
Only a published review counts; one that is changed, blocked or hidden stops counting in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, NotFound
from functions.support.rules.policy import Policy


class ReviewState(StrEnum):
    INVITED = "invited"
    CHECKING = "checking"
    WAITING = "waiting"
    PUBLISHED = "published"
    BLOCKED = "blocked"
    HIDDEN = "hidden"


class TextState(StrEnum):
    """Of the companion's answer, which is checked like the review but counts for nothing."""

    CHECKING = "checking"
    WAITING = "waiting"
    PUBLISHED = "published"
    BLOCKED = "blocked"
    HIDDEN = "hidden"


class Verdict(StrEnum):
    """What the content check says of a text."""

    PASS = "pass"
    REVIEW = "review"
    BLOCK = "block"


class Decision(StrEnum):
    """What a member of staff may decide."""

    PUBLISH = "publish"
    BLOCK = "block"
    HIDE = "hide"


class Part(StrEnum):
    """Of a review: the client's own words, or the companion's answer."""

    REVIEW = "review"
    ANSWER = "answer"


class ReportReason(StrEnum):
    """Why somebody finds that a review should not stand."""

    FALSE = "false"
    ABUSE = "abuse"
    PRIVACY = "privacy"
    ADVERTISEMENT = "advertisement"
    OTHER = "other"


REPORT_TITLES: Mapping[ReportReason, str] = {
    ReportReason.FALSE: "内容不实",
    ReportReason.ABUSE: "辱骂或攻击",
    ReportReason.PRIVACY: "泄露隐私",
    ReportReason.ADVERTISEMENT: "广告或引流",
    ReportReason.OTHER: "其他",
}
STATE_TITLES: Mapping[ReviewState, str] = {
    ReviewState.INVITED: "待评价",
    ReviewState.CHECKING: "审核中",
    ReviewState.WAITING: "人工审核中",
    ReviewState.PUBLISHED: "已公开",
    ReviewState.BLOCKED: "未通过审核",
    ReviewState.HIDDEN: "已隐藏",
}


class ReviewNotFound(NotFound):
    """There is none, or it is not the caller's."""

    code = "review_not_found"
    title = "没有找到这条评价"


class ReviewWindowClosed(Conflict):
    """The order was completed too long ago."""

    code = "review_window_closed"
    title = "已超过评价期限"


class ReviewExists(Conflict):
    """Once per order."""

    code = "review_exists"
    title = "该订单已评价，可在提交后 24 小时内修改"


class ReviewNotEditable(Conflict):
    """There is none yet, or it is too old to be changed, or staff took it down."""

    code = "review_not_editable"
    title = "这条评价已不能修改"


class AnswerExists(Conflict):
    """A companion answers once."""

    code = "answer_exists"
    title = "这条评价已回复过"


class ReviewNotPublished(Conflict):
    """Only what others can see can be answered or reported."""

    code = "review_not_published"
    title = "这条评价还没有公开"


class NothingToDecide(Conflict):
    """The review is not in a state in which this can be decided."""

    code = "nothing_to_decide"
    title = "这条评价当前不需要这样处理"


class AlreadyReported(Conflict):
    """Everybody reports a review once."""

    code = "already_reported"
    title = "您已举报过这条评价"


class CooperationRated(Conflict):
    """The companion rates a client's cooperation once per order."""

    code = "cooperation_rated"
    title = "该订单的配合度已评过"


OF_VERDICT: Mapping[Verdict, ReviewState] = {
    Verdict.PASS: ReviewState.PUBLISHED,
    Verdict.REVIEW: ReviewState.WAITING,
    Verdict.BLOCK: ReviewState.BLOCKED,
}
DECISIONS: Mapping[Decision, tuple[frozenset[ReviewState], ReviewState]] = {
    Decision.PUBLISH: (
        frozenset({ReviewState.WAITING, ReviewState.BLOCKED, ReviewState.HIDDEN}),
        ReviewState.PUBLISHED,
    ),
    Decision.BLOCK: (frozenset({ReviewState.WAITING}), ReviewState.BLOCKED),
    Decision.HIDE: (frozenset({ReviewState.PUBLISHED}), ReviewState.HIDDEN),
}
"""From which states, and to which."""
_EDITABLE = frozenset({ReviewState.CHECKING, ReviewState.WAITING, ReviewState.PUBLISHED, ReviewState.BLOCKED})


def require_open(state: str, *, completed_at: datetime, now: datetime, policy: Policy) -> None:
    """Raises ReviewExists, ReviewWindowClosed unless the order waits for its review."""
    if state != ReviewState.INVITED:
        raise ReviewExists()
    if now > completed_at + timedelta(days=policy.review_window_days):
        raise ReviewWindowClosed()


def require_editable(state: str, *, submitted_at: datetime | None, now: datetime, policy: Policy) -> None:
    """Raises ReviewNotEditable unless its author may still change it."""
    if state not in _EDITABLE or submitted_at is None:
        raise ReviewNotEditable()
    if now > submitted_at + timedelta(seconds=policy.review_edit_s):
        raise ReviewNotEditable()


def decided(state: str, decision: Decision) -> ReviewState:
    """The state after staff's decision; NothingToDecide."""
    allowed, after = DECISIONS[decision]
    if state not in allowed:
        raise NothingToDecide()
    return after


def first_state(text: str) -> ReviewState:
    """Marks without a word need no check."""
    return ReviewState.CHECKING if text else ReviewState.PUBLISHED
