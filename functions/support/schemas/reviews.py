"""Reviews: what clients, companions and staff send and see."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.shared.http import Reading
from functions.shared.http.schemas import Body
from functions.support.rules import reviews as rules
from functions.support.rules.policy import Policy
from functions.support.rules.ratings import Rating, Score, Scores
from functions.support.rules.reviews import Decision, ReportReason, ReviewState, TextState
from functions.support.table.reviews import ClientCooperationRow, PublishedRow, ReportRow, ReviewRow, WaitingRow

_Text = Annotated[str, Meta(max_length=1000)]
_Reason = Annotated[str, Meta(min_length=2, max_length=300)]


class ReviewBody(Body, frozen=True, kw_only=True):
    """三项评分各 1 至 5 分；文字可以不写，写了要先过内容审核才公开。"""

    professionalism: Score
    responsiveness: Score
    attitude: Score
    text: _Text = ""

    def scores(self) -> Scores:
        return Scores(self.professionalism, self.responsiveness, self.attitude)


class ReviewAnswerBody(Body, frozen=True, kw_only=True):
    """陪诊师的回复，只有一次。"""

    text: Annotated[str, Meta(min_length=1, max_length=500)]


class ReviewReportBody(Body, frozen=True, kw_only=True):
    """举报评价的理由。"""

    reason: ReportReason
    note: Annotated[str, Meta(max_length=300)] = ""


class ReviewDecisionBody(Body, frozen=True, kw_only=True):
    """`publish` 公开（被举报的则维持公开），`block` 不予公开，`hide` 从公开列表撤下。"""

    decision: Decision
    reason: _Reason


class CooperationBody(Body, frozen=True, kw_only=True):
    """陪诊师对客户配合度的评分，只有平台工作人员能看到。"""

    score: Score
    note: Annotated[str, Meta(max_length=300)] = ""


class ReviewView(Reading, frozen=True, kw_only=True):
    """一个订单的评价。`staff_reason` 在未通过或被撤下时说明原因。"""

    review_id: str
    order_id: str
    companion_id: str
    state: ReviewState
    state_title: str
    scores: Scores | None
    text: str
    submitted_at: datetime | None
    edited_at: datetime | None
    staff_reason: str | None
    answer: str | None
    answer_state: TextState | None
    answered_at: datetime | None
    version: int

    @classmethod
    def of(cls, row: ReviewRow, *, own_answer: bool = False) -> "ReviewView":
        """`own_answer`: the reader wrote the answer or is staff, and sees it before everybody does."""
        shown = own_answer or row.answer_state == TextState.PUBLISHED
        state = ReviewState(row.state)
        return cls(
            review_id=row.review_id,
            order_id=row.order_id,
            companion_id=row.companion_id,
            state=state,
            state_title=rules.STATE_TITLES[state],
            scores=row.scores,
            text=row.text,
            submitted_at=row.submitted_at,
            edited_at=row.edited_at,
            staff_reason=row.staff_reason,
            answer=row.answer if shown else None,
            answer_state=TextState(row.answer_state) if row.answer_state and shown else None,
            answered_at=row.answered_at if shown else None,
            version=int(row.version),
        )


class PublishedReview(Reading, frozen=True, kw_only=True):
    """公开的评价：不含客户和订单。"""

    review_id: str
    scores: Scores
    text: str
    submitted_at: datetime
    edited_at: datetime | None
    answer: str | None
    answered_at: datetime | None

    @classmethod
    def of(cls, row: PublishedRow) -> "PublishedReview":
        return cls(
            review_id=row.review_id,
            scores=row.scores,
            text=row.text,
            submitted_at=row.submitted_at,
            edited_at=row.edited_at,
            answer=row.answer,
            answered_at=row.answered_at,
        )


class RatingView(Reading, frozen=True, kw_only=True):
    """评分均为五分制乘以一百；`shown_hundredths` 为展示用的综合分，评价少时向平台均值靠拢，其余为算术平均。"""

    count: int
    shown_hundredths: int | None
    professionalism_hundredths: int | None
    responsiveness_hundredths: int | None
    attitude_hundredths: int | None

    @classmethod
    def of(cls, rating: Rating, policy: Policy) -> "RatingView":
        return cls(
            count=rating.count,
            shown_hundredths=rating.shown_hundredths(policy),
            professionalism_hundredths=rating.mean_hundredths(rating.professionalism),
            responsiveness_hundredths=rating.mean_hundredths(rating.responsiveness),
            attitude_hundredths=rating.mean_hundredths(rating.attitude),
        )


class CompanionReviews(Reading, frozen=True, kw_only=True):
    """一位陪诊师的评分和一页公开评价，最近的在前。"""

    rating: RatingView
    items: list[PublishedReview]
    next_cursor: str | None


class WaitingReview(Reading, frozen=True, kw_only=True):
    """待人工审核的评价。

    `why`：content_check 内容审核存疑，check_unanswered 内容审核没有应答，reported 被举报，answer 回复待审。
    """

    review_id: str
    why: str
    since: datetime

    @classmethod
    def of(cls, row: WaitingRow) -> "WaitingReview":
        return cls(review_id=row.review_id, why=row.why, since=row.since)


class ReviewReportView(Reading, frozen=True, kw_only=True):
    """一次举报。"""

    reporter_id: str
    reason: ReportReason
    reason_title: str
    note: str
    reported_at: datetime

    @classmethod
    def of(cls, row: ReportRow) -> "ReviewReportView":
        reason = ReportReason(row.reason)
        return cls(
            reporter_id=row.reporter_id,
            reason=reason,
            reason_title=rules.REPORT_TITLES[reason],
            note=row.note,
            reported_at=row.reported_at,
        )


class ReviewedView(Reading, frozen=True, kw_only=True):
    """供工作人员审核：评价原文和举报。"""

    review: ReviewView
    reports: list[ReviewReportView]


class CooperationView(Reading, frozen=True, kw_only=True):
    """一次配合度评分。"""

    order_id: str
    companion_id: str
    score: int
    note: str
    rated_at: datetime

    @classmethod
    def of(cls, row: ClientCooperationRow) -> "CooperationView":
        return cls(
            order_id=row.order_id,
            companion_id=row.companion_id,
            score=int(row.score),
            note=row.note,
            rated_at=row.rated_at,
        )
