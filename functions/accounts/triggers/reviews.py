"""Having reviews checked, and telling who is concerned."""

from functions.accounts.actions import moderation
from functions.accounts.actions.facts import OrderFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.events import ContentChecked
from functions.accounts.triggers.declared import bus
from functions.shared.tx import Tx
from functions.support.events import ReviewAnswered, ReviewPublished, ReviewRefused, ReviewWritten


@bus.on(ReviewWritten)
def check_review(tx: Tx, event: ReviewWritten) -> None:
    """Have the words checked; raises while WeChat cannot be reached, so that it is asked again."""
    from functions.support.actions import find_words

    words = find_words(event.review_id, part=event.part, revision=event.revision)
    if words is None:
        return
    account_id, text = words
    verdict = moderation.check_text(account_id=account_id, text=text)
    tx.emit(ContentChecked(subject=event.review_id, part=event.part, revision=event.revision, verdict=verdict))


@bus.on(ReviewPublished)
def tell_reviewed(tx: Tx, event: ReviewPublished) -> None:
    """To the companion: somebody reviewed a visit."""
    write_notice(tx, account_id=event.companion_id, code="review_published", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReviewAnswered)
def tell_answered(tx: Tx, event: ReviewAnswered) -> None:
    """To the client: the companion answered the review."""
    write_notice(tx, account_id=event.client_id, code="review_answered", facts=OrderFacts(order_id=event.order_id))


@bus.on(ReviewRefused)
def tell_review_refused(tx: Tx, event: ReviewRefused) -> None:
    """To the one who wrote it: others do not see it, and why stands beside it."""
    code = "answer_refused" if event.part == "answer" else "review_refused"
    write_notice(tx, account_id=event.author_id, code=code, facts=OrderFacts(order_id=event.order_id))
