"""What is said in a visit's conversation by the system, and what its parties are told of it."""

from collections.abc import Callable

from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions import chat, chat_reading
from functions.tracking.events import (
    VisitCallEnded,
    VisitMessageHeld,
    VisitMessagePublished,
    VisitMessagesRead,
    VisitScheduled,
)
from functions.tracking.pushing import push
from functions.tracking.rules.access import Scope, Standing
from functions.tracking.rules.amendments import Change
from functions.tracking.rules.chat import MAY_WRITE, Card, EntryKind, MessageState
from functions.tracking.schemas.chat import EntryView
from functions.tracking.schemas.live_chat import MessageHeldTold, MessageTold, ReadTold

PART = "message"
"""What the content check calls the words of a conversation."""
_CALL_TITLES = {"ended": "视频通话已结束", "missed": "视频通话未接通"}


def say_checklist(tx: Tx, event: VisitScheduled) -> None:
    """Where the conversation begins: the checklist of what to bring along."""
    card = Card(title="就医清单已备好，出发前请核对证件、医保卡和检查资料", code=event.order_id)
    chat.add_card(tx, visit_id=event.visit_id, kind=EntryKind.CHECKLIST, card=card)


def say_change(tx: Tx, change: table.History) -> None:
    """A milestone that was recorded, skipped, corrected or vouched for."""
    if change.step is None:
        return
    by = change.step.recorded_by or ""
    what = Change(change.change) if change.change else Change.RECORDED
    card = Card(title=change.step.title, code=change.step.code, change=what, by=by)
    chat.add_card(tx, visit_id=str(change.pk), kind=EntryKind.MILESTONE, card=card)


def say_call(tx: Tx, event: VisitCallEnded) -> None:
    """A video call that is over, with its length, or that nobody answered."""
    title = _CALL_TITLES[event.outcome]
    card = Card(title=title, code=event.call_id, change=event.outcome, by=event.started_by, duration_s=event.duration_s)
    chat.add_card(tx, visit_id=event.visit_id, kind=EntryKind.CALL, card=card)


def push_entry(tx: Tx, event: VisitMessagePublished) -> None:
    """Show an entry on the live channel; who is not connected is told of the first one that they have not read."""
    found = chat_reading.find_entry(event.visit_id, event.sequence)
    if found is None:
        return
    entry, client_id, companion_id = found
    message = MessageTold(visit_id=event.visit_id, entry=EntryView.of(entry))
    reached = {each.caller.subject for each in push(tx, event.visit_id, Scope.CHAT, message, to=_is_party)}
    parties = ((client_id, Standing.CLIENT), (companion_id, Standing.COMPANION))
    missed = [(each, standing) for each, standing in parties if each and each not in reached]
    chat_reading.note_unseen(tx, visit_id=event.visit_id, order_id=event.order_id, entry=entry.row, missed=missed)


def push_held(tx: Tx, event: VisitMessageHeld) -> None:
    """To the sender's own sockets."""
    message = MessageHeldTold(
        visit_id=event.visit_id, message_id=event.client_message_id, state=MessageState(event.state)
    )
    push(tx, event.visit_id, Scope.CHAT, message, to=_only(event.sender_id))


def push_read(tx: Tx, event: VisitMessagesRead) -> None:
    """To everybody who may read along."""
    message = ReadTold(visit_id=event.visit_id, party=event.standing, party_id=event.reader_id, sequence=event.sequence)
    push(tx, event.visit_id, Scope.CHAT, message, to=_is_party)


def _is_party(watcher: table.Watcher) -> bool:
    """Staff who follow a visit do not read along: they look with a reason."""
    return Standing(watcher.standing) in MAY_WRITE


def _only(subject: str) -> Callable[[table.Watcher], bool]:
    return lambda watcher: watcher.caller.subject == subject
