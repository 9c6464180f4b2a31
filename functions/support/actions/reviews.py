"""Reviews: invited, handed in, checked, published, answered, reported, taken down (F16).

The content check is made by `accounts`, which holds the connection to WeChat: it hears `review.written`, reads the
words here and answers with `content.checked`. A check that is never answered ends in the staff's queue.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from functions.shared import audit, ids
from functions.shared.caller import Caller, Role
from functions.shared.errors import PreconditionFailed
from functions.shared.tx import Tx
from functions.support.actions import publishing
from functions.support.rules import reviews as rules
from functions.support.rules.ratings import Rating, Scores
from functions.support.rules.reviews import Decision, Part, ReportReason, ReviewState, TextState, Verdict
from functions.support.table import base
from functions.support.table import reviews as table
from functions.support.table.reviews import ReviewRow

_MOST_REPORTS = 50


def invite(tx: Tx, *, order_id: str, client_id: str, companion_id: str) -> None:
    """A completed order may be reviewed from now on."""
    tx.insert(
        ReviewRow(
            *table.review_key(table.review_id_of(order_id)),
            order_id=order_id,
            client_id=client_id,
            companion_id=companion_id,
            completed_at=tx.now,
            state=ReviewState.INVITED,
        )
    )


def submit(tx: Tx, *, order_id: str, client_id: str, scores: Scores, text: str) -> ReviewRow:
    """The client's review of a completed order: one read. ReviewNotFound, ReviewExists, ReviewWindowClosed."""
    review = _own(order_id, client_id=client_id)
    rules.require_open(review.state, completed_at=review.completed_at, now=tx.now, policy=base.policy())
    review.submitted_at = tx.now
    _write(tx, review, scores, text)
    return review


def edit(tx: Tx, *, order_id: str, client_id: str, scores: Scores, text: str, version: int) -> ReviewRow:
    """Change it within a day; what was published stops counting until the new words are checked.

    ReviewNotFound, ReviewNotEditable, PreconditionFailed.
    """
    review = _own(order_id, client_id=client_id)
    rules.require_editable(review.state, submitted_at=review.submitted_at, now=tx.now, policy=base.policy())
    if version != int(review.version):
        raise PreconditionFailed()
    review.edited_at, review.staff_reason = tx.now, None
    _write(tx, review, scores, text)
    return review


def find_review(*, order_id: str, caller: Caller) -> ReviewRow:
    """For the client, who sees every state; for the companion once it is published; for agents. ReviewNotFound."""
    review = table.find_review(table.review_id_of(order_id))
    if review is None or not _may_read(review, caller):
        raise rules.ReviewNotFound()
    return review


def find_words(review_id: str, *, part: str, revision: int) -> tuple[str, str] | None:
    """For the content check: who wrote, and what; None when other words have taken their place."""
    review = table.find_review(review_id)
    if review is None or int(review.revision) != revision:
        return None
    if part == Part.ANSWER:
        return (review.companion_id, review.answer) if review.answer else None
    return review.client_id, review.text


def check(tx: Tx, *, review_id: str, part: str, revision: int, verdict: str) -> None:
    """The content check's answer; one about earlier words, or a second one, changes nothing."""
    review = table.find_review(review_id)
    if review is None or int(review.revision) != revision:
        return
    if part == Part.ANSWER:
        publishing.settle_answer(tx, review, rules.OF_VERDICT[Verdict(verdict)])
    elif review.state == ReviewState.CHECKING:
        publishing.move(tx, review, rules.OF_VERDICT[Verdict(verdict)], why="content_check")


def give_up_checking(tx: Tx, *, review_id: str) -> None:
    """The content check did not answer in time: a person looks."""
    review = table.find_review(review_id)
    if review is None:
        return
    if review.answer_state == TextState.CHECKING:
        publishing.settle_answer(tx, review, ReviewState.WAITING)
    elif review.state == ReviewState.CHECKING:
        publishing.move(tx, review, ReviewState.WAITING, why="check_unanswered")


def answer(tx: Tx, *, review_id: str, companion_id: str, text: str) -> ReviewRow:
    """The companion's one answer to a published review. ReviewNotFound, ReviewNotPublished, AnswerExists."""
    review = table.find_review(review_id) if ids.is_id("rev", review_id) else None
    if review is None or review.companion_id != companion_id or review.state == ReviewState.INVITED:
        raise rules.ReviewNotFound()
    if review.state != ReviewState.PUBLISHED:
        raise rules.ReviewNotPublished()
    if review.answer is not None:
        raise rules.AnswerExists()
    review.answer, review.answered_at, review.answer_state = text, tx.now, TextState.CHECKING
    tx.save(review)
    publishing.ask_for_check(tx, review, Part.ANSWER)
    return review


def report(tx: Tx, *, review_id: str, reporter_id: str, reason: ReportReason, note: str) -> None:
    """Somebody finds that a published review should not stand: it stays, and staff look at it.

    ReviewNotFound, ReviewNotPublished, AlreadyReported.
    """
    review = _stored(review_id)
    if review.state != ReviewState.PUBLISHED:
        raise rules.ReviewNotPublished()
    row = table.ReportRow(
        *table.report_key(review_id, reporter_id),
        reporter_id=reporter_id,
        reason=reason,
        note=note,
        reported_at=tx.now,
    )
    tx.insert(row, taken=rules.AlreadyReported())
    if review.waiting_since is None:
        publishing.queue(tx, review, why="reported")
        tx.save(review)


def decide(tx: Tx, *, review_id: str, decision: Decision, reason: str, actor: str) -> ReviewRow:
    """Staff publish, block or hide a review, with a reason; a reported one may also stay as it is (publish).

    ReviewNotFound, NothingToDecide.
    """
    review = _stored(review_id)
    before = review.state
    stays = before == ReviewState.PUBLISHED and decision is Decision.PUBLISH and review.waiting_since is not None
    if review.answer_state == TextState.WAITING:
        publishing.settle_answer(tx, review, rules.DECISIONS[decision][1], by_staff=True)
    elif stays:
        _, _, waiting = table.places_of(review)
        publishing.unqueue(tx, review, waiting)
        tx.save(review)
    else:
        after = rules.decided(before, decision)
        review.staff_reason = None if after is ReviewState.PUBLISHED else reason
        publishing.move(tx, review, after, why="")
    audit.record(
        tx,
        actor=actor,
        act=f"review.{decision}",
        subject=review_id,
        reason=reason,
        before=before,
        after=review.state,
    )
    return review


def list_published(
    companion_id: str, *, limit: int, after: str | None
) -> tuple[Rating, Sequence[table.PublishedRow], str | None]:
    """What everybody sees of a companion: the sums, and a page of reviews, newest first. Two reads."""
    row = table.find_rating(companion_id)
    reviews, last = table.published_of(companion_id, limit=limit, after=after)
    return row.rating if row else Rating(), reviews, last


def list_waiting(*, limit: int, after: str | None) -> tuple[Sequence[table.WaitingRow], str | None]:
    """What staff should look at, longest waiting first."""
    return table.waiting(limit=limit, after=after)


def reports_of(review_id: str) -> tuple[ReviewRow, Sequence[table.ReportRow]]:
    """A review with what was said against it, for staff. ReviewNotFound."""
    return _stored(review_id), table.reports_of(review_id, limit=_MOST_REPORTS)


def rate_cooperation(tx: Tx, *, order_id: str, companion_id: str, score: int, note: str) -> None:
    """The companion's private mark for the client, once per completed order. ReviewNotFound, CooperationRated."""
    review = table.find_review(table.review_id_of(order_id))
    if review is None or review.companion_id != companion_id:
        raise rules.ReviewNotFound()
    once = table.CooperationRow(*table.cooperation_key(review.review_id), companion_id=companion_id)
    tx.insert(once, taken=rules.CooperationRated())
    tx.insert(
        table.ClientCooperationRow(
            *table.client_cooperation_key(review.client_id, tx.now, order_id),
            order_id=order_id,
            companion_id=companion_id,
            score=score,
            note=note,
            rated_at=tx.now,
        ),
        taken=rules.CooperationRated(),
    )


def cooperation_of(
    client_id: str, *, limit: int, after: str | None
) -> tuple[Sequence[table.ClientCooperationRow], str | None]:
    """What companions said of a client, newest first."""
    return table.cooperation_of(client_id, limit=limit, after=after)


def _own(order_id: str, *, client_id: str) -> ReviewRow:
    review = table.find_review(table.review_id_of(order_id)) if ids.is_id("ord", order_id) else None
    if review is None or review.client_id != client_id:
        raise rules.ReviewNotFound()
    return review


def _stored(review_id: str) -> ReviewRow:
    review = table.find_review(review_id) if ids.is_id("rev", review_id) else None
    if review is None or review.state == ReviewState.INVITED:
        raise rules.ReviewNotFound()
    return review


def _may_read(review: ReviewRow, caller: Caller) -> bool:
    if Role.CLIENT in caller.roles and caller.subject == review.client_id:
        return True
    if review.state == ReviewState.INVITED:
        return False
    if Role.COMPANION in caller.roles and caller.subject == review.companion_id:
        return bool(review.state == ReviewState.PUBLISHED)
    return bool(caller.roles & {Role.AGENT, Role.ADMIN})


def _write(tx: Tx, review: ReviewRow, scores: Scores, text: str) -> None:
    """New words: they leave the rating with the old marks, and come back with the new ones once they are checked."""
    before = review.scores
    review.revision = int(review.revision) + 1
    after = rules.first_state(text)
    publishing.move(tx, review, after, why="", scores_before=before, scores=scores, text=text)
    if after is ReviewState.CHECKING:
        publishing.ask_for_check(tx, review, Part.REVIEW)


def window_ends_at(review: ReviewRow) -> datetime:
    """Until when the order may be reviewed."""
    return review.completed_at + timedelta(days=base.policy().review_window_days)
