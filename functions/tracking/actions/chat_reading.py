"""Reading a visit's conversation (F12): its history, what is unread, how far the others have read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.shared import audit, files
from functions.shared.caller import Caller
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import require_viewer
from functions.tracking.actions.chat import open_text
from functions.tracking.events import VisitMessagesRead, VisitMessageUnseen
from functions.tracking.rules import chat as rules
from functions.tracking.rules.access import Scope, Standing
from functions.tracking.rules.chat import EntryKind, MessageState
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.table import chat as rows
from functions.tracking.table.chat import Conversation, EntryRow, MessageRow, PartyRow

_COUNTED = 99
"""More unread entries than this are not counted one by one."""
_READ_MOST = 2_000
"""Of a longer conversation only the beginning is counted."""


@dataclass(frozen=True)
class ShownEntry:
    """An entry and what it says; a recalled one says nothing, except to staff who look for evidence."""

    row: EntryRow
    text: str | None

    @property
    def is_recalled(self) -> bool:
        return self.row.recalled_at is not None


@dataclass(frozen=True)
class HeldMessage:
    """A message that staff have to decide about, with what it says and a link to its file."""

    row: MessageRow
    text: str | None
    url: str | None


@dataclass(frozen=True)
class History:
    """Entries in the conversation's order, and the number of its latest one."""

    items: Sequence[ShownEntry]
    sequence: int


@dataclass(frozen=True)
class Overview:
    """Where a conversation stands for one of its readers. `unsettled` are own messages that others do not see yet."""

    sequence: int
    unread: int
    closes_at: datetime
    parties: Sequence[PartyRow]
    unsettled: Sequence[MessageRow]


def read_history(
    visit_id: str, *, caller: Caller, after: int | None, before: int | None, limit: int, now: datetime
) -> History:
    """What was said after one number, before another, or last: two reads, one more for a guest. VisitNotFound."""
    conversation, standing = _require_reader(visit_id, caller, now)
    found = _entries(conversation, standing, after=after, before=before, limit=limit)
    return History([_shown(conversation.visit, row) for row in found], int(conversation.head.sequence))


def read_as_staff(tx: Tx, *, visit_id: str, caller: Caller, reason: str, after: int, limit: int) -> History:
    """What was said, recalled messages too, for staff who say why; the look is recorded. Two reads. VisitNotFound."""
    conversation = _load(visit_id)
    audit.record(tx, actor=caller.subject, act="visit_chat.opened", subject=visit_id, reason=reason)
    found = _entries(conversation, Standing.STAFF, after=after, before=None, limit=limit)
    visit = conversation.visit
    items = [ShownEntry(row, open_text(visit, row.sealed_text)) for row in found]
    return History(items, int(conversation.head.sequence))


def read_held(tx: Tx, *, visit_id: str, message_id: str, caller: Caller) -> HeldMessage:
    """A message that waits or waited for staff; the look is recorded. One read. MessageNotFound."""
    conversation = rows.load(visit_id, message_id=message_id)
    message = conversation.message if conversation else None
    if conversation is None or message is None or message.waiting_since is None:
        raise rules.MessageNotFound()
    audit.record(tx, actor=caller.subject, act="visit_message.viewed", subject=message_id)
    url = files.link(message.media.key) if message.media else None
    return HeldMessage(message, open_text(conversation.visit, message.sealed_text), url)


def read_overview(visit_id: str, *, caller: Caller, now: datetime) -> Overview:
    """Three reads, one more for a guest or for own messages that are not settled. VisitNotFound."""
    conversation, standing = _require_reader(visit_id, caller, now)
    visit, head, own = conversation.visit, conversation.head, conversation.party
    first = max(int(own.read_to), _hidden(conversation, standing)) + 1
    new = rows.entries_between(visit_id, first, int(head.sequence), limit=_COUNTED)
    unread = sum(1 for row in new if _counts(row, caller.subject))
    queued = [each.message_id for each in own.queue]
    unsettled = rows.find_messages(visit_id, queued).values() if queued else ()
    return Overview(
        sequence=int(head.sequence),
        unread=unread,
        closes_at=rules.closes_at(visit.ends_at, visit.ended_at, table.policy()),
        parties=[each for each in rows.parties_of(visit_id) if each.standing],
        unsettled=[each for each in unsettled if each.state == MessageState.CHECKING],
    )


@dataclass(frozen=True)
class Said:
    """How many messages a visit's parties sent, and when the companion last did."""

    by_family: int
    by_companion: int
    companion_last_at: datetime | None


def count_messages(visit_id: str) -> Said:
    """For those who look into a complaint: how much was said, not what. Two reads; all zero without a conversation."""
    conversation = rows.load(visit_id)
    latest = int(conversation.head.sequence) if conversation else 0
    said = [
        row for row in rows.entries_between(visit_id, 1, latest, limit=_READ_MOST) if row.entry_kind in rules.WRITTEN
    ]
    by_companion = [row.shown_at for row in said if row.standing == Standing.COMPANION]
    return Said(
        by_family=sum(1 for row in said if row.standing in (Standing.CLIENT, Standing.GUEST)),
        by_companion=len(by_companion),
        companion_last_at=max(by_companion, default=None),
    )


def find_own(visit_id: str, client_message_id: str, *, caller: Caller, now: datetime) -> MessageRow:
    """How a message of the caller's own stands: one read, one more for a guest. VisitNotFound, MessageNotFound."""
    message_id = rules.message_id_of(caller.subject, client_message_id)
    conversation, _ = _require_reader(visit_id, caller, now, message_id=message_id)
    if conversation.message is None:
        raise rules.MessageNotFound()
    return conversation.message


def mark_read(tx: Tx, *, visit_id: str, caller: Caller, sequence: int) -> int:
    """The caller has read up to `sequence`; returns up to where. Never goes back. One read, one more for a guest."""
    conversation, standing = _require_reader(visit_id, caller, tx.now)
    party = conversation.party
    read_to = rules.marked(int(party.read_to), sequence, int(conversation.head.sequence))
    if read_to != party.read_to:
        party.read_to, party.standing = read_to, standing
        tx.save(party)
        tx.emit(VisitMessagesRead(visit_id=visit_id, reader_id=caller.subject, standing=standing, sequence=read_to))
    return read_to


def link_media(visit_id: str, sequence: int, *, caller: Caller, now: datetime) -> str:
    """An address of five minutes for a picture or a voice message. One read, one for a guest. MessageNotFound."""
    conversation, standing = _require_reader(visit_id, caller, now, sequence=sequence)
    entry = conversation.entry
    if entry is None or entry.media is None or entry.recalled_at or sequence <= _hidden(conversation, standing):
        raise rules.MessageNotFound()
    return files.link(entry.media.key)


def find_entry(visit_id: str, sequence: int) -> tuple[ShownEntry, str, str] | None:
    """One entry as it is pushed, with the visit's client and companion: one read."""
    conversation = rows.load(visit_id, sequence=sequence)
    if conversation is None or conversation.entry is None:
        return None
    visit = conversation.visit
    return _shown(visit, conversation.entry), visit.client_id, visit.companion_id


def note_unseen(
    tx: Tx, *, visit_id: str, order_id: str, entry: EntryRow, missed: Iterable[tuple[str, Standing]]
) -> None:
    """Client or companion were not reached: tell of the first message that they have not read. One read for each."""
    if EntryKind(entry.entry_kind) not in rules.WRITTEN:
        return
    for account_id, standing in missed:
        conversation = rows.load(visit_id, account_id)
        if conversation is None or account_id == entry.sender_id:
            continue
        new = rows.entries_between(visit_id, int(conversation.party.read_to) + 1, int(entry.sequence), limit=_COUNTED)
        if [row.sequence for row in new if _counts(row, account_id)] == [entry.sequence]:
            tx.emit(VisitMessageUnseen(visit_id=visit_id, order_id=order_id, account_id=account_id, standing=standing))


def _entries(
    conversation: Conversation, standing: Standing, *, after: int | None, before: int | None, limit: int
) -> Sequence[EntryRow]:
    visit_id, hidden = conversation.visit.visit_id, _hidden(conversation, standing)
    first = max(after or 0, hidden) + 1
    last = int(conversation.head.sequence) if before is None else before - 1
    return rows.entries_between(visit_id, first, last, limit=limit, newest=after is None)


def _hidden(conversation: Conversation, standing: Standing) -> int:
    """Up to where the caller may not read: what was said with another companion."""
    return int(conversation.head.companion_from) if standing is Standing.COMPANION else 0


def _counts(row: EntryRow, reader_id: str) -> bool:
    """Somebody else's message that is still there: cards and what was taken back are not unread."""
    return row.sender_id != reader_id and row.recalled_at is None and EntryKind(row.entry_kind) in rules.WRITTEN


def _shown(visit: table.Visit, row: EntryRow) -> ShownEntry:
    return ShownEntry(row, None if row.recalled_at else open_text(visit, row.sealed_text))


def _load(visit_id: str, subject: str = "", *, message_id: str = "", sequence: int = 0) -> Conversation:
    conversation = rows.load(visit_id, subject, message_id=message_id, sequence=sequence)
    if conversation is None:
        raise VisitNotFound()
    return conversation


def _require_reader(
    visit_id: str, caller: Caller, now: datetime, *, message_id: str = "", sequence: int = 0
) -> tuple[Conversation, Standing]:
    conversation = _load(visit_id, caller.subject, message_id=message_id, sequence=sequence)
    standing = require_viewer(conversation.visit, caller, Scope.CHAT, now)
    if standing not in rules.MAY_WRITE:
        raise VisitNotFound()
    return conversation, standing
