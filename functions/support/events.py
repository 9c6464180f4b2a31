"""What `support` tells the other rooms: that something was said and what it sums up to, never what was said."""

from functions.shared.events import Event


class ReviewWritten(Event, frozen=True, kw_only=True, tag="review.written"):
    """A review or an answer was written or changed: its words have to be checked before others see them."""

    review_id: str
    part: str
    """`review` or `answer`."""
    revision: int


class ReviewPublished(Event, frozen=True, kw_only=True, tag="review.published"):
    """A review is seen by everybody from now on."""

    review_id: str
    order_id: str
    client_id: str
    companion_id: str


class ReviewAnswered(Event, frozen=True, kw_only=True, tag="review.answered"):
    """The companion's answer is seen by everybody from now on."""

    review_id: str
    order_id: str
    client_id: str
    companion_id: str


class ReviewRefused(Event, frozen=True, kw_only=True, tag="review.refused"):
    """A review (or an answer) was blocked or hidden; its author is told."""

    review_id: str
    order_id: str
    author_id: str
    part: str


class CompanionRated(Event, frozen=True, kw_only=True, tag="companion.rated"):
    """A companion's rating is another one. Of two, the one with the higher `sequence` is true."""

    companion_id: str
    sequence: int
    count: int
    rating_hundredths: int | None
    """Out of five times one hundred, as it is shown; null when no review is left."""
