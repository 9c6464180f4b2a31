"""The conversation of a visit over HTTP (F12)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from functions.shared import clock
from functions.shared.errors import FieldError, Invalid
from functions.shared.http.schemas import Body, Reading
from functions.tracking.actions.chat import Draft
from functions.tracking.actions.chat_reading import History, Overview, ShownEntry
from functions.tracking.rules.chat import Card, EntryKind, Media, MessageState
from functions.tracking.schemas.trails import Reason
from functions.tracking.table.chat import MessageRow, WaitingMessageRow

MAX_PAGE = 100
MessageId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_-]{8,64}$", description="由客户端生成，重发同一条消息时不变；同一发送人不可用于另一条消息"
    ),
]
Sequence = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]


class MediaUploadBody(Body, frozen=True, kw_only=True):
    """要上传的类型：图片 image/jpeg、image/png，语音 audio/mpeg、audio/aac、audio/mp4。"""

    content_type: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class MessageBody(Body, frozen=True, kw_only=True):
    """一条消息：`text` 有文字；`picture`、`voice` 有 `file_id`，语音另有时长与波形（0 至 100）。"""

    message_id: MessageId
    kind: Literal["text", "picture", "voice"]
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None
    file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] | None = None
    duration_s: Annotated[int, msgspec.Meta(ge=1, le=60)] | None = None
    waveform: Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=100)]], msgspec.Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )

    def to_draft(self) -> Draft:
        """What the sender wants to say; Invalid if the fields do not fit the kind."""
        kind = EntryKind(self.kind)
        wanted = _FIELDS[kind]
        given: dict[str, object] = {
            "text": self.text and self.text.strip(),
            "file_id": self.file_id,
            "duration_s": self.duration_s,
            "waveform": self.waveform,
        }
        errors = [FieldError(name, "缺少这项内容") for name in sorted(wanted) if not given[name]]
        errors += [
            FieldError(name, "这类消息没有这项内容") for name, value in given.items() if value and name not in wanted
        ]
        if kind is EntryKind.VOICE:  # a recorder may give no waveform
            errors = [error for error in errors if error.field != "waveform"]
        if errors:
            raise Invalid(errors=tuple(errors))
        return Draft(
            client_message_id=self.message_id,
            kind=kind,
            text=self.text,
            file_id=self.file_id,
            duration_s=self.duration_s,
            waveform=tuple(self.waveform),
        )


_FIELDS = {
    EntryKind.TEXT: frozenset({"text"}),
    EntryKind.PICTURE: frozenset({"file_id"}),
    EntryKind.VOICE: frozenset({"file_id", "duration_s", "waveform"}),
}


class MessageView(Reading, frozen=True, kw_only=True):
    """自己发送的一条消息。`checking` 审核中、`waiting` 人工审核中、`refused` 未通过，别人都看不到；

    `published` 已发出，`sequence` 是它在会话里的序号。
    """

    message_id: str
    state: MessageState
    sequence: int | None
    received_at: datetime

    @classmethod
    def of(cls, row: MessageRow) -> "MessageView":
        return cls(
            message_id=row.client_message_id,
            state=MessageState(row.state),
            sequence=int(row.sequence) if row.sequence is not None else None,
            received_at=clock.china(row.received_at),
        )


class MediaView(Reading, frozen=True, kw_only=True):
    """图片或语音；地址另取，五分钟内有效。"""

    content_type: str
    size_bytes: int
    duration_s: int | None
    waveform: list[int]

    @classmethod
    def of(cls, media: Media) -> "MediaView":
        return cls(
            content_type=media.content_type,
            size_bytes=media.size_bytes,
            duration_s=media.duration_s,
            waveform=list(media.waveform),
        )


class CardView(Reading, frozen=True, kw_only=True):
    """系统卡片：服务节点（change 为 recorded、skipped、corrected、vouched）、就医清单、视频通话（ended、missed）。"""

    title: str
    code: str
    change: str
    by: str
    duration_s: int | None

    @classmethod
    def of(cls, card: Card) -> "CardView":
        return cls(title=card.title, code=card.code, change=card.change, by=card.by, duration_s=card.duration_s)


class EntryView(Reading, frozen=True, kw_only=True):
    """会话里的一条。序号从 1 起连续；已撤回的内容为空；`recall` 表示撤回了序号为 `recalls` 的消息。"""

    sequence: int
    kind: EntryKind
    sender: str
    """client、companion、guest 或 system。"""
    sender_id: str
    message_id: str | None
    text: str | None
    media: MediaView | None
    card: CardView | None
    recalls: int | None
    is_recalled: bool
    shown_at: datetime

    @classmethod
    def of(cls, entry: ShownEntry) -> "EntryView":
        row = entry.row
        return cls(
            sequence=int(row.sequence),
            kind=EntryKind(row.entry_kind),
            sender=row.standing,
            sender_id=row.sender_id,
            message_id=row.client_message_id,
            text=entry.text,
            media=MediaView.of(row.media) if row.media and not entry.is_recalled else None,
            card=CardView.of(row.card) if row.card else None,
            recalls=int(row.recalls) if row.recalls is not None else None,
            is_recalled=entry.is_recalled,
            shown_at=clock.china(row.shown_at),
        )


class HistoryQuery(Body, frozen=True, kw_only=True):
    """`after_sequence` 取其后的，`before_sequence` 取其前最近的；都不写取最近的。"""

    after_sequence: Sequence | None = None
    before_sequence: Sequence | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 50


class HistoryView(Reading, frozen=True, kw_only=True):
    """会话记录，总是按序号从小到大；`sequence` 是会话最新一条的序号。"""

    items: list[EntryView]
    sequence: int

    @classmethod
    def of(cls, history: History) -> "HistoryView":
        return cls(items=[EntryView.of(each) for each in history.items], sequence=history.sequence)


class ReadMark(Reading, frozen=True, kw_only=True):
    """一方读到了哪里。"""

    party: str
    party_id: str
    sequence: int


class ConversationView(Reading, frozen=True, kw_only=True):
    """会话概况：最新序号、本人未读数（至多数到 99）、各方读到哪里、本人还在审核的消息、何时关闭。"""

    sequence: int
    unread: int
    is_open: bool
    closes_at: datetime
    read_marks: list[ReadMark]
    checking: list[MessageView]

    @classmethod
    def of(cls, overview: Overview, *, now: datetime) -> "ConversationView":
        return cls(
            sequence=overview.sequence,
            unread=overview.unread,
            is_open=now < overview.closes_at,
            closes_at=clock.china(overview.closes_at),
            read_marks=[
                ReadMark(party=each.standing, party_id=each.subject, sequence=int(each.read_to))
                for each in overview.parties
            ],
            checking=[MessageView.of(each) for each in overview.unsettled],
        )


class ReadMarkBody(Body, frozen=True, kw_only=True):
    """已读到的序号；比先前小的不会倒退。"""

    sequence: Sequence


class ReadMarkView(Reading, frozen=True, kw_only=True):
    """本人现在读到哪里。"""

    sequence: int


class MediaLink(Reading, frozen=True, kw_only=True):
    """图片或语音的地址，五分钟内有效。"""

    url: str


class OpenChatBody(Body, frozen=True, kw_only=True):
    """查看会话的原因，以及从哪个序号之后看起。"""

    reason: Reason
    after_sequence: Sequence = 0


class WaitingMessage(Reading, frozen=True, kw_only=True):
    """一条待人工审核的消息；内容在查看会话时可见。"""

    visit_id: str
    message_id: str
    since: datetime

    @classmethod
    def of(cls, row: WaitingMessageRow) -> "WaitingMessage":
        return cls(visit_id=row.visit_id, message_id=row.message_id, since=clock.china(row.since))


class HeldMessageView(Reading, frozen=True, kw_only=True):
    """一条待审核消息的内容，供工作人员判断。"""

    message_id: str
    sender: str
    kind: EntryKind
    state: MessageState
    text: str | None
    url: str | None


class MessageDecision(Body, frozen=True, kw_only=True):
    """放行（show）或不予显示（refuse），以及原因。"""

    decision: Literal["show", "refuse"]
    reason: Reason
