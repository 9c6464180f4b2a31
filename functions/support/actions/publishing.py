"""A review's moves: its state, its place in the rating, the list and the queue, all in one transaction."""

from datetime import timedelta

from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.support.events import CompanionRated, ReviewAnswered, ReviewPublished, ReviewRefused, ReviewWritten
from functions.support.rules.ratings import Rating, Scores
from functions.support.rules.reviews import Part, ReviewState, TextState
from functions.support.table import base
from functions.support.table import reviews as table
from functions.support.table.reviews import ReviewRow

ROOM = "support"


def ask_for_check(tx: Tx, review: ReviewRow, part: Part) -> None:
    """Have the words checked; if nobody answers in time, a person looks."""
    tx.emit(ReviewWritten(review_id=review.review_id, part=part, revision=int(review.revision)))
    due_at = tx.now + timedelta(seconds=base.policy().check_timeout_s)
    tx.schedule(Timer(room=ROOM, kind="review_check", subject=review.review_id, due_at=due_at))


def move(
    tx: Tx,
    review: ReviewRow,
    after: ReviewState,
    *,
    why: str,
    scores_before: Scores | None = None,
    scores: Scores | None = None,
    text: str | None = None,
) -> None:
    """The review in its new state, with its place in the rating, the list and the queue, in one transaction."""
    rating_row, published, waiting = table.places_of(review)
    counted = scores_before or review.scores
    was_public = review.state == ReviewState.PUBLISHED
    review.state = after
    review.scores = scores or review.scores
    review.text = review.text if text is None else text
    assert review.scores is not None, "a review that was handed in has marks"
    is_public = after is ReviewState.PUBLISHED
    rating = rating_row.rating if rating_row else Rating()
    if was_public and counted is not None:
        rating = rating.without(counted)
    if is_public:
        rating = rating.with_(review.scores)
    if was_public or is_public:
        _save_rating(tx, review.companion_id, rating_row, rating)
    _list(tx, review, published, is_public=is_public)
    if after is ReviewState.WAITING and review.waiting_since is None:
        queue(tx, review, why=why)
    elif after is not ReviewState.WAITING:
        unqueue(tx, review, waiting)
    tx.save(review)
    _tell(tx, review, was_public=was_public)


def _tell(tx: Tx, review: ReviewRow, *, was_public: bool) -> None:
    if review.state == ReviewState.PUBLISHED and not was_public:
        tx.emit(
            ReviewPublished(
                review_id=review.review_id,
                order_id=review.order_id,
                client_id=review.client_id,
                companion_id=review.companion_id,
            )
        )
    if review.state in {ReviewState.BLOCKED, ReviewState.HIDDEN}:
        tx.emit(
            ReviewRefused(
                review_id=review.review_id, order_id=review.order_id, author_id=review.client_id, part=Part.REVIEW
            )
        )


def _save_rating(tx: Tx, companion_id: str, row: table.RatingRow | None, rating: Rating) -> None:
    row = row or table.RatingRow(*table.rating_key(companion_id))
    row.rating = rating
    tx.save(row)
    tx.emit(
        CompanionRated(
            companion_id=companion_id,
            sequence=int(row.version),
            count=rating.count,
            rating_hundredths=rating.shown_hundredths(base.policy()),
        )
    )


def _list(tx: Tx, review: ReviewRow, row: table.PublishedRow | None, *, is_public: bool) -> None:
    """Its line in the companion's public list, as the review now is."""
    assert review.submitted_at is not None and review.scores is not None
    if not is_public:
        if row is not None:
            tx.delete(row)
        return
    row = row or table.PublishedRow(
        *table.published_key(review.companion_id, review.submitted_at, review.review_id),
        review_id=review.review_id,
        submitted_at=review.submitted_at,
    )
    shown = review.answer_state == TextState.PUBLISHED
    row.scores, row.text, row.edited_at = review.scores, review.text, review.edited_at
    row.answer = review.answer if shown else None
    row.answered_at = review.answered_at if shown else None
    tx.save(row)


def settle_answer(tx: Tx, review: ReviewRow, after: ReviewState, *, by_staff: bool = False) -> None:
    """The answer's new state; the review's own does not change. A second verdict changes nothing."""
    open_states = {TextState.CHECKING} if not by_staff else {TextState.WAITING}
    if review.answer_state not in open_states:
        return
    _, published, waiting = table.places_of(review)
    review.answer_state = TextState(after.value)
    if after is ReviewState.WAITING:
        if review.waiting_since is None:
            queue(tx, review, why="answer")
    else:
        unqueue(tx, review, waiting)
    if review.answer_state == TextState.PUBLISHED and review.state == ReviewState.PUBLISHED:
        _list(tx, review, published, is_public=True)
        tx.emit(
            ReviewAnswered(
                review_id=review.review_id,
                order_id=review.order_id,
                client_id=review.client_id,
                companion_id=review.companion_id,
            )
        )
    elif after in {ReviewState.BLOCKED, ReviewState.HIDDEN}:
        tx.emit(
            ReviewRefused(
                review_id=review.review_id, order_id=review.order_id, author_id=review.companion_id, part=Part.ANSWER
            )
        )
    tx.save(review)


def queue(tx: Tx, review: ReviewRow, *, why: str) -> None:
    """Staff should look at it."""
    review.waiting_since = tx.now
    key = table.waiting_key(tx.now, review.review_id)
    tx.insert(table.WaitingRow(*key, review_id=review.review_id, why=why, since=tx.now))


def unqueue(tx: Tx, review: ReviewRow, waiting: table.WaitingRow | None) -> None:
    """Staff need not look any more."""
    review.waiting_since = None
    if waiting is not None:
        tx.delete(waiting)
