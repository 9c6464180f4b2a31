"""Having the words of complaints checked, and telling who is concerned (F17)."""

from functions.accounts.actions import moderation
from functions.accounts.actions.duty import tell_staff_on_duty
from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.events import ContentChecked
from functions.accounts.triggers.declared import bus
from functions.shared.tx import Tx
from functions.support.events import (
    ComplaintAnswerAsked,
    ComplaintClosed,
    ComplaintDecided,
    ComplaintOverdue,
    ComplaintWritten,
    ReInspectionOverdue,
)


@bus.on(ComplaintWritten)
def check_complaint(tx: Tx, event: ComplaintWritten) -> None:
    """Have the words checked; raises while WeChat cannot be reached, so that it is asked again."""
    from functions.support.actions.complaints import find_complaint_words

    words = find_complaint_words(event.complaint_id, part=event.part)
    if words is None:
        return
    account_id, text = words
    verdict = moderation.check_text(account_id=account_id, text=text)
    tx.emit(ContentChecked(subject=event.complaint_id, part=event.part, revision=0, verdict=verdict))


@bus.on(ComplaintAnswerAsked)
def ask_companion(tx: Tx, event: ComplaintAnswerAsked) -> None:
    """To the companion: a client complains, and there is a deadline."""
    facts = OrderFacts(order_id=event.order_id)
    write_notice(tx, account_id=event.companion_id, code="complaint_answer_asked", facts=facts)


@bus.on(ComplaintDecided)
def tell_decided(tx: Tx, event: ComplaintDecided) -> None:
    """To the client: there is a decision, and it can be appealed against once."""
    write_notice(tx, account_id=event.client_id, code="complaint_decided", facts=OrderFacts(order_id=event.order_id))


@bus.on(ComplaintOverdue)
def tell_overdue(tx: Tx, event: ComplaintOverdue) -> None:
    """To staff on duty: a complaint waits for anybody who has time, or what was decided is not done."""
    code = "complaint_stuck_staff" if event.is_stuck else "complaint_overdue_staff"
    tell_staff_on_duty(tx, code=code, facts=OrderFacts(order_id=event.order_id))


@bus.on(ReInspectionOverdue)
def tell_re_inspection_overdue(tx: Tx, event: ReInspectionOverdue) -> None:
    """To staff on duty: a companion waits for an inspection that nobody made in time."""
    tell_staff_on_duty(tx, code="re_inspection_overdue_staff", facts=OwnFacts())


@bus.on(ComplaintClosed)
def tell_closed(tx: Tx, event: ComplaintClosed) -> None:
    """To the companion: the complaint has ended."""
    facts = OrderFacts(order_id=event.order_id)
    write_notice(tx, account_id=event.companion_id, code="complaint_closed", facts=facts)
