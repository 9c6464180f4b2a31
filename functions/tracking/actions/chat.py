"""The conversation of a visit (F12): sent once, checked, numbered, shown to everybody in the same order."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from functions.shared import audit, files, ids, pictures
from functions.shared.caller import Caller
from functions.shared.errors import Problem
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit, require_viewer
from functions.tracking.actions.visits import ROOM, open_key
from functions.tracking.events import VisitMessageHeld, VisitMessagePublished, VisitMessageWritten
from functions.tracking.rules import chat as rules
from functions.tracking.rules.access import Scope, Standing
from functions.tracking.rules.chat import Card, EntryKind, Media, MessageState, Queued
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.table import chat as rows
from functions.tracking.table.chat import Conversation, EntryRow, HeadRow, MessageRow

CHECK_TIMER = "message_check"
MEDIA_KINDS = {EntryKind.PICTURE: files.PHOTOS, EntryKind.VOICE: files.VOICE}
_TEXT_FIELD = "chat"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a sender wants to say: a text, or an uploaded file with a voice's length and waveform."""

    client_message_id: str
    kind: EntryKind
    text: str | None = None
    file_id: str | None = None
    duration_s: int | None = None
    waveform: tuple[int, ...] = ()

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


@dataclass(frozen=True)
class Words:
    """What the content check looks at: a text or a file (its link is good for minutes), and for whose account."""

    account_id: str
    text: str | None
    url: str | None
    is_voice: bool = False


def allow_media(*, visit_id: str, caller: Caller, content_type: str, now: datetime) -> files.Upload:
    """Leave to upload one picture or voice message in five minutes: one read, one more for a guest.

    Raises VisitNotFound, ConversationClosed, Invalid.
    """
    visit = load_visit(visit_id)
    _require_writer(visit, caller, now)
    _require_open(visit, now)
    kinds = {**files.PHOTOS, **files.VOICE}
    owner = _owner(visit_id, caller.subject)
    return files.allow_upload(ROOM, owner=owner, content_type=content_type, kinds=kinds, now=now)


def send(tx: Tx, *, visit_id: str, caller: Caller, draft: Draft) -> MessageRow:
    """Take a message, to be shown once it is checked; sent again, it is the same message. One read, one for a guest.

    Raises VisitNotFound, ConversationClosed, MessageIdReused, TooManyUnchecked, UploadMissing, UploadRefused.
    """
    message_id = rules.message_id_of(caller.subject, draft.client_message_id)
    conversation = _load(visit_id, caller.subject, message_id=message_id)
    visit, party = conversation.visit, conversation.party
    standing = _require_writer(visit, caller, tx.now)
    if conversation.message is not None:
        if conversation.message.fingerprint != draft.fingerprint:
            raise rules.MessageIdReused()
        return conversation.message
    _require_open(visit, tx.now)
    policy = table.policy()
    if len(party.queue) >= policy.chat_unchecked:
        raise rules.TooManyUnchecked()
    message = MessageRow(
        *rows.message_key(visit_id, message_id),
        message_id=message_id,
        client_message_id=draft.client_message_id,
        order_id=visit.order_id,
        sender_id=caller.subject,
        standing=standing,
        checked_for=visit.client_id if standing is Standing.GUEST else caller.subject,
        message_kind=draft.kind,
        sealed_text=open_key(visit).encrypt(_TEXT_FIELD, draft.text) if draft.text is not None else None,
        media=_kept_media(tx, _owner(visit_id, caller.subject), draft),
        fingerprint=draft.fingerprint,
        state=MessageState.CHECKING,
        received_at=tx.now,
    )
    tx.insert(message)
    party.standing, party.queue = standing, (*party.queue, Queued(message_id))
    tx.save(party)
    subject = rules.check_subject(visit_id, caller.subject, message_id)
    tx.emit(VisitMessageWritten(subject=subject, order_id=visit.order_id))
    due_at = tx.now + timedelta(seconds=policy.chat_check_timeout_s)
    tx.schedule(Timer(room=ROOM, kind=CHECK_TIMER, subject=subject, due_at=due_at))
    return message


def find_words(subject: str) -> Words | None:
    """What the content check shall look at, unless it has been judged: one read."""
    visit_id, sender_id, message_id = rules.parse_subject(subject)
    conversation = rows.load(visit_id, sender_id, message_id=message_id)
    message = conversation.message if conversation else None
    if conversation is None or message is None or message.state != MessageState.CHECKING:
        return None
    text = open_text(conversation.visit, message.sealed_text)
    url = files.link(message.media.key) if message.media else None
    return Words(message.checked_for, text, url, is_voice=message.message_kind == EntryKind.VOICE)


def judge(tx: Tx, *, subject: str, verdict: str) -> None:
    """The content check has spoken: show the message and what waited behind it, refuse it, or have staff look.

    A second word about the same message changes nothing. Two reads.
    """
    visit_id, sender_id, message_id = rules.parse_subject(subject)
    conversation = rows.load(visit_id, sender_id, message_id=message_id)
    if conversation is None or conversation.message is None:
        return
    party = conversation.party
    if all(each.message_id != message_id or each.state is not MessageState.CHECKING for each in party.queue):
        return
    ready, party.queue = rules.settled(party.queue, message_id, rules.state_after(verdict))
    messages = rows.find_messages(visit_id, [each.message_id for each in ready])
    before = int(conversation.head.sequence)
    for each in ready:
        _settle(tx, conversation, messages[each.message_id], each.state)
    if conversation.head.sequence != before:
        tx.save(conversation.head)
    tx.save(party)


def give_up(tx: Tx, *, subject: str) -> None:
    """The content check had its time: if it has not judged the message, staff look. One read if it has."""
    visit_id, _, message_id = rules.parse_subject(subject)
    message = rows.find_messages(visit_id, [message_id]).get(message_id)
    if message is not None and message.state == MessageState.CHECKING:
        judge(tx, subject=subject, verdict="review")


def decide(tx: Tx, *, visit_id: str, message_id: str, is_shown: bool, caller: Caller, reason: str) -> MessageRow:
    """Staff let a held message through or refuse it, with a reason. Three reads. MessageNotFound, NotWaiting."""
    message = rows.find_messages(visit_id, [message_id]).get(message_id) if ids.is_id("vis", visit_id) else None
    if message is None:
        raise rules.MessageNotFound()
    if message.state != MessageState.WAITING:
        raise rules.NotWaiting()
    conversation = _load(visit_id, message.sender_id)
    waiting = rows.find_waiting(message)
    if waiting is not None:
        tx.delete(waiting)
    _settle(tx, conversation, message, MessageState.PUBLISHED if is_shown else MessageState.REFUSED)
    if is_shown:
        tx.save(conversation.head)
        tx.save(conversation.party)
    act = "visit_message.shown" if is_shown else "visit_message.refused"
    audit.record(tx, actor=caller.subject, act=act, subject=message_id, reason=reason)
    return message


def recall(tx: Tx, *, visit_id: str, sequence: int, caller: Caller) -> EntryRow:
    """Take a message back, soon after it was shown: others no longer see it, and are told. It stays as evidence.

    One read, one more for a guest. Raises VisitNotFound, MessageNotFound, TooLateToRecall.
    """
    conversation = _load(visit_id, caller.subject, sequence=sequence)
    _require_writer(conversation.visit, caller, tx.now)
    entry = conversation.entry
    if entry is None:
        raise rules.MessageNotFound()
    rules.require_recallable(
        sender_id=entry.sender_id,
        caller_id=caller.subject,
        kind=EntryKind(entry.entry_kind),
        is_recalled=entry.recalled_at is not None,
        shown_at=entry.shown_at,
        now=tx.now,
        within_s=table.policy().chat_recall_s,
    )
    entry.recalled_at = tx.now
    tx.save(entry)
    told = EntryRow(sender_id=caller.subject, standing=entry.standing, entry_kind=EntryKind.RECALL, recalls=sequence)
    _append(tx, conversation.visit, conversation.head, told)
    tx.save(conversation.head)
    return told


def add_card(tx: Tx, *, visit_id: str, kind: EntryKind, card: Card) -> None:
    """The system says something in the conversation. One read; a visit that is not there has none."""
    conversation = rows.load(visit_id)
    if conversation is None:
        return
    entry = EntryRow(sender_id=rules.SYSTEM, standing=rules.SYSTEM, entry_kind=kind, card=card)
    _append(tx, conversation.visit, conversation.head, entry)
    tx.save(conversation.head)


def leave_companion(tx: Tx, *, visit_id: str) -> None:
    """The companion will not come: who comes instead does not read what was said before. One read."""
    conversation = rows.load(visit_id)
    if conversation is not None and conversation.head.version:
        conversation.head.companion_from = conversation.head.sequence
        tx.save(conversation.head)


def list_waiting(*, limit: int, after: str | None) -> tuple[Sequence[rows.WaitingMessageRow], str | None]:
    """The messages that staff have to look at, longest waiting first: one Query."""
    return rows.waiting_messages(limit=limit, after=after)


def open_text(visit: table.Visit, sealed: str | None) -> str | None:
    """What a sealed text says."""
    return open_key(visit).decrypt(_TEXT_FIELD, sealed) if sealed is not None else None


def _settle(tx: Tx, conversation: Conversation, message: MessageRow, state: MessageState) -> None:
    """Move the message to where its check led; numbers are given in the order of calls."""
    assert state in rules.MESSAGE_MOVES[MessageState(message.state)]
    message.state = state
    if state is MessageState.PUBLISHED:
        entry = EntryRow(
            entry_kind=message.message_kind,
            sender_id=message.sender_id,
            standing=message.standing,
            message_id=message.message_id,
            client_message_id=message.client_message_id,
            sealed_text=message.sealed_text,
            media=message.media,
        )
        _append(tx, conversation.visit, conversation.head, entry)
        message.sequence = entry.sequence
        if conversation.party.read_to == entry.sequence - 1:
            conversation.party.read_to = entry.sequence
    else:
        if state is MessageState.WAITING:
            message.waiting_since = tx.now
            key = rows.waiting_message_key(tx.now, message.message_id)
            tx.insert(
                rows.WaitingMessageRow(*key, visit_id=message.visit_id, message_id=message.message_id, since=tx.now)
            )
        tx.emit(
            VisitMessageHeld(
                visit_id=message.visit_id,
                order_id=message.order_id,
                message_id=message.message_id,
                client_message_id=message.client_message_id,
                sender_id=message.sender_id,
                state=state,
            )
        )
    tx.save(message)


def _append(tx: Tx, visit: table.Visit, head: HeadRow, entry: EntryRow) -> None:
    """The conversation's next entry; who calls saves the head, once for all of its entries."""
    head.sequence += 1
    entry.pk, entry.sk = rows.entry_key(visit.visit_id, int(head.sequence))
    entry.sequence, entry.shown_at = head.sequence, tx.now
    tx.insert(entry)
    tx.emit(VisitMessagePublished(visit_id=visit.visit_id, order_id=visit.order_id, sequence=int(entry.sequence)))


def _load(visit_id: str, subject: str = "", *, message_id: str = "", sequence: int = 0) -> Conversation:
    conversation = rows.load(visit_id, subject, message_id=message_id, sequence=sequence)
    if conversation is None:
        raise VisitNotFound()
    return conversation


def _require_writer(visit: table.Visit, caller: Caller, now: datetime) -> Standing:
    standing = require_viewer(visit, caller, Scope.CHAT, now)
    if standing not in rules.MAY_WRITE:
        raise VisitNotFound()
    return standing


def _require_open(visit: table.Visit, now: datetime) -> None:
    if now >= rules.closes_at(visit.ends_at, visit.ended_at, table.policy()):
        raise rules.ConversationClosed()


def _owner(visit_id: str, subject: str) -> str:
    """Whose file it is: nobody can send what another one uploaded."""
    return f"{visit_id}/{subject}"


def _kept_media(tx: Tx, owner: str, draft: Draft) -> Media | None:
    """The uploaded file, looked at and kept once; a picture without where and when it was taken."""
    if draft.file_id is None:
        return None
    file_id = draft.file_id
    outcome = tx.once(f"media#{file_id}", lambda: _inspected(owner, file_id, draft))
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def _inspected(owner: str, file_id: str, draft: Draft) -> Media | Problem:
    try:
        stored = files.inspect(ROOM, owner=owner, file_id=file_id, kinds=MEDIA_KINDS[draft.kind])
    except (files.UploadMissing, files.UploadRefused) as problem:
        return problem
    key = stored.key
    shown = stored.content
    if draft.kind is EntryKind.PICTURE:
        shown = pictures.without_metadata(stored.content, stored.content_type)
    if shown == stored.content:
        files.keep(stored)
    else:
        key = files.put(ROOM, owner=owner, file_id=f"{file_id}-shown", content=shown, content_type=stored.content_type)
    return Media(
        key=key,
        content_type=stored.content_type,
        size_bytes=len(shown),
        sha256=hashlib.sha256(shown).hexdigest(),
        duration_s=draft.duration_s,
        waveform=draft.waveform,
    )
