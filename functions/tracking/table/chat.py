"""The conversation of a visit: its entries by number, what each party sent and read, what staff look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, Key, find_all, query_page
from functions.tracking.rules.chat import Card, Media, Queued
from functions.tracking.table.base import TrackingRow
from functions.tracking.table.visits import Visit, visit_key

_QUEUE = "CHATQUEUE"
_PARTIES = 50
_ENTRY = "ENTRY#"


class HeadRow(TrackingRow, discriminator="chat_head"):
    """The number of the latest entry; a companion who came later reads what follows `companion_from`."""

    sequence = NumberAttribute(default=0)
    companion_from = NumberAttribute(default=0)


class PartyRow(TrackingRow, discriminator="chat_party"):
    """Somebody who writes or reads: what waits for its check, and up to where they have read."""

    standing = UnicodeAttribute()
    queue: JsonAttribute[tuple[Queued, ...]] = JsonAttribute(tuple[Queued, ...])
    read_to = NumberAttribute(default=0)

    @property
    def subject(self) -> str:
        return str(self.sk).removeprefix("PARTY#")


class MessageRow(TrackingRow, discriminator="chat_message"):
    """One message as it was sent, under its sender's own id. `checked_for` is the account that answers for it."""

    message_id = UnicodeAttribute()
    client_message_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    sender_id = UnicodeAttribute()
    standing = UnicodeAttribute()
    checked_for = UnicodeAttribute()
    message_kind = UnicodeAttribute()
    sealed_text = UnicodeAttribute(null=True)
    media: JsonAttribute[Media | None] = JsonAttribute(Media | None, null=True)
    fingerprint = UnicodeAttribute()
    state = UnicodeAttribute()
    sequence = NumberAttribute(null=True)
    received_at = InstantAttribute()
    waiting_since = InstantAttribute(null=True)

    @property
    def visit_id(self) -> str:
        return str(self.pk).removeprefix("CHAT#")


class EntryRow(TrackingRow, discriminator="chat_entry"):
    """One number of the conversation, as everybody sees it; a recalled message stays as evidence."""

    sequence = NumberAttribute()
    entry_kind = UnicodeAttribute()
    sender_id = UnicodeAttribute()
    standing = UnicodeAttribute()
    message_id = UnicodeAttribute(null=True)
    client_message_id = UnicodeAttribute(null=True)
    sealed_text = UnicodeAttribute(null=True)
    media: JsonAttribute[Media | None] = JsonAttribute(Media | None, null=True)
    card: JsonAttribute[Card | None] = JsonAttribute(Card | None, null=True)
    recalls = NumberAttribute(null=True)
    shown_at = InstantAttribute()
    recalled_at = InstantAttribute(null=True)

    @property
    def visit_id(self) -> str:
        return str(self.pk).removeprefix("CHAT#")


class WaitingMessageRow(TrackingRow, discriminator="chat_waiting"):
    """A message that staff have to decide about."""

    visit_id = UnicodeAttribute()
    message_id = UnicodeAttribute()
    since = InstantAttribute()


@dataclass(frozen=True)
class Conversation:
    """The rows that an act on a conversation needs; those that are not there yet are new."""

    visit: Visit
    head: HeadRow
    party: PartyRow
    message: MessageRow | None
    entry: EntryRow | None


def _pk(visit_id: str) -> str:
    return f"CHAT#{visit_id}"


def head_key(visit_id: str) -> Key:
    return _pk(visit_id), "HEAD"


def party_key(visit_id: str, subject: str) -> Key:
    return _pk(visit_id), f"PARTY#{subject}"


def message_key(visit_id: str, message_id: str) -> Key:
    return _pk(visit_id), f"MSG#{message_id}"


def entry_key(visit_id: str, sequence: int) -> Key:
    return _pk(visit_id), f"{_ENTRY}{sequence:08d}"


def waiting_message_key(since: datetime, message_id: str) -> Key:
    return _QUEUE, f"{since:%Y-%m-%dT%H:%M:%S.%fZ}#{message_id}"


def load(visit_id: str, subject: str = "", *, message_id: str = "", sequence: int = 0) -> Conversation | None:
    """The visit, the conversation's head, and, where asked, a party, a message, an entry: one BatchGetItem.

    None if there is no such visit.
    """
    if not ids.is_id("vis", visit_id):
        return None
    wanted: list[Key | None] = [visit_key(visit_id), head_key(visit_id)]
    wanted.append(party_key(visit_id, subject) if subject else None)
    wanted.append(message_key(visit_id, message_id) if message_id else None)
    wanted.append(entry_key(visit_id, sequence) if sequence else None)
    rows = find_all(TrackingRow, [key for key in wanted if key])
    visit, head, party, message, entry = (rows.get(key) if key else None for key in wanted)
    if not isinstance(visit, Visit):
        return None
    return Conversation(
        visit,
        head if isinstance(head, HeadRow) else HeadRow(*head_key(visit_id), sequence=0, companion_from=0),
        party if isinstance(party, PartyRow) else PartyRow(*party_key(visit_id, subject), queue=(), read_to=0),
        message if isinstance(message, MessageRow) else None,
        entry if isinstance(entry, EntryRow) else None,
    )


def find_messages(visit_id: str, message_ids: Sequence[str]) -> dict[str, MessageRow]:
    """Messages by id: one BatchGetItem."""
    rows = find_all(TrackingRow, [message_key(visit_id, each) for each in message_ids])
    return {row.message_id: row for row in rows.values() if isinstance(row, MessageRow)}


def find_waiting(row: MessageRow) -> WaitingMessageRow | None:
    """Its place in the staff's queue."""
    assert row.waiting_since is not None
    key = waiting_message_key(row.waiting_since, row.message_id)
    found = find_all(TrackingRow, [key]).get(key)
    return found if isinstance(found, WaitingMessageRow) else None


def parties_of(visit_id: str) -> Sequence[PartyRow]:
    """Who wrote or read: one Query."""
    rows, _ = query_page(PartyRow, _pk(visit_id), prefix="PARTY#", limit=_PARTIES)
    return rows


def entries_between(visit_id: str, first: int, last: int, *, limit: int, newest: bool = False) -> Sequence[EntryRow]:
    """Entries `first` to `last` in order: the first so many, or with `newest` the last so many. One Query."""
    if first > last:
        return []
    keys = (entry_key(visit_id, first)[1], entry_key(visit_id, last)[1])
    rows = list(
        EntryRow.query(
            _pk(visit_id), EntryRow.sk.between(*keys), limit=limit, scan_index_forward=not newest, consistent_read=True
        )
    )
    return rows[::-1] if newest else rows


def waiting_messages(*, limit: int, after: str | None) -> tuple[Sequence[WaitingMessageRow], str | None]:
    """The staff's queue, longest waiting first: one Query."""
    return query_page(WaitingMessageRow, _QUEUE, limit=limit, after=after)


def find_entries(visit_id: str, sequences: Sequence[int]) -> list[EntryRow]:
    """Entries by number, in order: one BatchGetItem."""
    keys = [entry_key(visit_id, sequence) for sequence in sorted(set(sequences))]
    rows = find_all(TrackingRow, keys) if keys else {}
    return [row for key in keys if isinstance(row := rows.get(key), EntryRow)]
