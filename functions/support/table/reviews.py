"""Reviews, where they are listed, what they sum up to, and who should look at them."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page
from functions.support.rules.ratings import Rating, Scores
from functions.support.table.base import Key, SupportRow

_QUEUE = "QUEUE#reviews"


class ReviewRow(SupportRow, discriminator="review"):
    """An order's review; until it is handed in, the invitation to it."""

    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    completed_at = InstantAttribute()
    state = UnicodeAttribute()
    scores: JsonAttribute[Scores | None] = JsonAttribute(Scores | None, null=True)
    text = UnicodeAttribute(default="")
    revision = NumberAttribute(default=0)
    """Which version of the text; a check of an earlier one says nothing about this."""
    submitted_at = InstantAttribute(null=True)
    edited_at = InstantAttribute(null=True)
    staff_reason = UnicodeAttribute(null=True)
    """Why staff blocked or hid it, for its author."""
    waiting_since = InstantAttribute(null=True)
    """It stands in the staff's queue under this instant."""
    answer = UnicodeAttribute(null=True)
    answer_state = UnicodeAttribute(null=True)
    answered_at = InstantAttribute(null=True)

    @property
    def review_id(self) -> str:
        return str(self.pk)


class RatingRow(SupportRow, discriminator="companion_rating"):
    """The sums; `version` numbers what the other rooms are told of them."""

    rating: JsonAttribute[Rating] = JsonAttribute(Rating)


class PublishedRow(SupportRow, discriminator="published_review"):
    """A review as everybody sees it: without who wrote it, and without the order."""

    review_id = UnicodeAttribute()
    scores: JsonAttribute[Scores] = JsonAttribute(Scores)
    text = UnicodeAttribute(default="")
    submitted_at = InstantAttribute()
    edited_at = InstantAttribute(null=True)
    answer = UnicodeAttribute(null=True)
    answered_at = InstantAttribute(null=True)


class WaitingRow(SupportRow, discriminator="waiting_review"):
    """A review in the staff's queue, and what brought it there."""

    review_id = UnicodeAttribute()
    why = UnicodeAttribute()
    since = InstantAttribute()


class ReportRow(SupportRow, discriminator="review_report"):
    """Who found what wrong with a review."""

    reporter_id = UnicodeAttribute()
    reason = UnicodeAttribute()
    note = UnicodeAttribute(default="")
    reported_at = InstantAttribute()


class CooperationRow(SupportRow, discriminator="cooperation"):
    """How the companion found the client to work with, in the order's partition so that it is given once."""

    companion_id = UnicodeAttribute()


class ClientCooperationRow(SupportRow, discriminator="client_cooperation"):
    """The same, by client: for staff alone."""

    order_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    score = NumberAttribute()
    note = UnicodeAttribute(default="")
    rated_at = InstantAttribute()


# keys -------------------------------------------------------------------------------------------------------------
def review_id_of(order_id: str) -> str:
    return ids.derived("rev", order_id)


def review_key(review_id: str) -> Key:
    return review_id, "REVIEW"


def rating_key(companion_id: str) -> Key:
    return f"COMPANION#{companion_id}", "RATING"


def published_key(companion_id: str, submitted_at: datetime, review_id: str) -> Key:
    return f"COMPANION#{companion_id}", f"REVIEW#{submitted_at:%Y-%m-%dT%H:%M:%S.%fZ}#{review_id}"


def waiting_key(since: datetime, review_id: str) -> Key:
    return _QUEUE, f"{since:%Y-%m-%dT%H:%M:%S.%fZ}#{review_id}"


def report_key(review_id: str, reporter_id: str) -> Key:
    return review_id, f"REPORT#{reporter_id}"


def cooperation_key(review_id: str) -> Key:
    return review_id, "COOPERATION"


def client_cooperation_key(client_id: str, rated_at: datetime, order_id: str) -> Key:
    return f"CLIENT#{client_id}", f"COOPERATION#{rated_at:%Y-%m-%dT%H:%M:%S.%fZ}#{order_id}"


# access patterns --------------------------------------------------------------------------------------------------
def find_review(review_id: str) -> ReviewRow | None:
    return find(ReviewRow, *review_key(review_id))


def places_of(review: ReviewRow) -> tuple[RatingRow | None, PublishedRow | None, WaitingRow | None]:
    """Where the review counts, is listed and waits: one BatchGet."""
    keys = [rating_key(review.companion_id)]
    if review.submitted_at:
        keys.append(published_key(review.companion_id, review.submitted_at, review.review_id))
    if review.waiting_since:
        keys.append(waiting_key(review.waiting_since, review.review_id))
    rows = list(find_all(SupportRow, keys).values())
    rating = next((row for row in rows if isinstance(row, RatingRow)), None)
    published = next((row for row in rows if isinstance(row, PublishedRow)), None)
    waiting = next((row for row in rows if isinstance(row, WaitingRow)), None)
    return rating, published, waiting


def find_rating(companion_id: str) -> RatingRow | None:
    return find(RatingRow, *rating_key(companion_id), consistent=False)


def published_of(companion_id: str, *, limit: int, after: str | None) -> tuple[Sequence[PublishedRow], str | None]:
    """A companion's published reviews, newest first, and where to go on: one Query."""
    pk = rating_key(companion_id)[0]
    return query_page(PublishedRow, pk, prefix="REVIEW#", limit=limit, after=after, newest_first=True, consistent=False)


def waiting(*, limit: int, after: str | None) -> tuple[Sequence[WaitingRow], str | None]:
    """The staff's queue, longest waiting first: one Query."""
    return query_page(WaitingRow, _QUEUE, limit=limit, after=after)


def reports_of(review_id: str, *, limit: int) -> Sequence[ReportRow]:
    """Who reported it: one Query."""
    rows, _ = query_page(ReportRow, review_id, prefix="REPORT#", limit=limit)
    return rows


def cooperation_of(
    client_id: str, *, limit: int, after: str | None
) -> tuple[Sequence[ClientCooperationRow], str | None]:
    """What companions said of a client, newest first: one Query."""
    pk = f"CLIENT#{client_id}"
    return query_page(ClientCooperationRow, pk, prefix="COOPERATION#", limit=limit, after=after, newest_first=True)
