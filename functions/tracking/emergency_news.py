"""News of an emergency call: noted in the call, and pushed to everybody who follows the visit."""

from collections.abc import Iterable

from functions.accounts.events import EmergencyNoticesWritten, NoticeAnswered
from functions.hospitals.events import EmergencyDeskContacted
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions import emergencies
from functions.tracking.events import EmergencyCalled
from functions.tracking.pushing import push
from functions.tracking.rules.access import Scope, Standing
from functions.tracking.rules.emergencies import RECIPIENT_OF, Attempt, Channel, Outcome, Recipient
from functions.tracking.schemas.live_emergencies import DeskTold, EmergencyTold
from functions.tracking.table.emergencies import EmergencyCall


def tell_call(tx: Tx, event: EmergencyCalled) -> None:
    """Tell the desk's sockets first, then the visit's followers; note whom that reached. The caller does not count."""
    call = emergencies.find_emergency(event.visit_id, event.call_id)
    assert call is not None, "the event is emitted together with its call"
    topic = table.desk_topic(event.hospital_id)
    at_desk = tx.once("desk", lambda: push(tx, topic, Scope.PROGRESS, DeskTold.of(event)))
    following = tx.once("visit", lambda: push(tx, event.visit_id, Scope.PROGRESS, EmergencyTold.of(call)))
    reached = {RECIPIENT_OF[Standing(w.standing)] for w in following if w.caller.subject != call.caller_id}
    if at_desk:
        reached.add(Recipient.DESK)
    news = [
        Attempt(each.recipient, Channel.LIVE, _OUTCOMES[each.recipient in reached], tx.now)
        for each in call.attempts
        if each.channel is Channel.LIVE
    ]
    emergencies.note_attempts(tx, visit_id=event.visit_id, call_id=event.call_id, news=news)


def note_contact(tx: Tx, event: EmergencyDeskContacted) -> None:
    """What came of telling one contact of the desk."""
    news = Attempt(Recipient.DESK, Channel.WEBHOOK, Outcome(event.outcome), event.at, event.contact_title)
    _note(tx, event.visit_id, event.call_id, [news])


def note_notices(tx: Tx, event: EmergencyNoticesWritten) -> None:
    """Which inboxes have it, and which WeChat messages will be tried."""
    news = [
        Attempt(Recipient(each.recipient), Channel(each.channel), Outcome(each.outcome), event.at)
        for each in event.told
    ]
    _note(tx, event.visit_id, event.call_id, news)


def note_answer(tx: Tx, event: NoticeAnswered) -> None:
    """A notice was read, or WeChat said what it did with its message."""
    call = emergencies.note_notice(
        tx,
        order_id=event.order_id,
        audience=event.audience,
        channel=Channel(event.channel),
        outcome=Outcome(event.outcome),
    )
    tell_change(tx, call)


def tell_change(tx: Tx, call: EmergencyCall | None) -> None:
    """Push a call that has changed."""
    if call is not None:
        push(tx, call.visit_id, Scope.PROGRESS, EmergencyTold.of(call))


_OUTCOMES = {True: Outcome.NOTIFIED, False: Outcome.UNREACHABLE}


def _note(tx: Tx, visit_id: str, call_id: str, news: Iterable[Attempt]) -> None:
    tell_change(tx, emergencies.note_attempts(tx, visit_id=visit_id, call_id=call_id, news=news))
