"""The conversation of a visit (F12): for its parties, and for staff who have to look."""

from typing import Any

from functions.shared.caller import Role
from functions.shared.errors import Forbidden, Invalid
from functions.shared.files import UploadMissing, UploadRefused
from functions.shared.http import Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.shared.http.uploads import UploadForm
from functions.tracking.actions import chat, chat_reading
from functions.tracking.api.declared import routes
from functions.tracking.rules import chat as rules
from functions.tracking.rules.progress import VisitNotFound
from functions.tracking.schemas.chat import (
    MAX_PAGE,
    ConversationView,
    EntryView,
    HeldMessageView,
    HistoryQuery,
    HistoryView,
    MediaLink,
    MediaUploadBody,
    MessageBody,
    MessageDecision,
    MessageView,
    OpenChatBody,
    ReadMarkBody,
    ReadMarkView,
    WaitingMessage,
)

_PARTIES = frozenset({Role.CLIENT, Role.COMPANION, Role.GUEST})
_MODERATORS = frozenset({Role.AGENT, Role.ADMIN})


@routes.post(
    "/visits/{visit_id}/message-uploads",
    summary="申请上传图片或语音",
    roles=_PARTIES,
    body=MediaUploadBody,
    reply=UploadForm,
    status=201,
    problems=(VisitNotFound, Forbidden, rules.ConversationClosed, Invalid),
)
def allow_media(call: Call[MediaUploadBody], visit_id: str) -> UploadForm:
    """The file goes straight to the store; one that no message names is removed after a day."""
    upload = chat.allow_media(visit_id=visit_id, caller=call.caller, content_type=call.body.content_type, now=call.now)
    return UploadForm.of(upload)


@routes.post(
    "/visits/{visit_id}/messages",
    summary="发送消息",
    roles=_PARTIES,
    body=MessageBody,
    reply=MessageView,
    status=201,
    problems=(
        VisitNotFound,
        Forbidden,
        rules.ConversationClosed,
        rules.MessageIdReused,
        rules.TooManyUnchecked,
        UploadMissing,
        UploadRefused,
        Invalid,
    ),
)
def send(call: Call[MessageBody], visit_id: str) -> MessageView:
    """内容审核通过后别人才看得到。断线重发时用同一个 message_id，不会变成两条。"""
    draft = call.body.to_draft()
    return MessageView.of(chat.send(call.tx, visit_id=visit_id, caller=call.caller, draft=draft))


@routes.get(
    "/visits/{visit_id}/messages",
    summary="会话记录",
    roles=_PARTIES,
    query=HistoryQuery,
    reply=HistoryView,
    problems=(VisitNotFound, Forbidden),
)
def read_history(call: Call[Any], visit_id: str) -> HistoryView:
    """断线后用最后一条的序号取其后的，一条不少、一条不重。"""
    query: HistoryQuery = call.query
    history = chat_reading.read_history(
        visit_id,
        caller=call.caller,
        after=query.after_sequence,
        before=query.before_sequence,
        limit=query.limit,
        now=call.now,
    )
    return HistoryView.of(history)


@routes.get(
    "/visits/{visit_id}/conversation",
    summary="会话概况与未读数",
    roles=_PARTIES,
    reply=ConversationView,
    problems=(VisitNotFound, Forbidden),
)
def read_overview(call: Call[Any], visit_id: str) -> ConversationView:
    """未读只数别人发的、没有撤回的消息。"""
    overview = chat_reading.read_overview(visit_id, caller=call.caller, now=call.now)
    return ConversationView.of(overview, now=call.now)


@routes.get(
    "/visits/{visit_id}/messages/{message_id}",
    summary="自己一条消息的状态",
    roles=_PARTIES,
    reply=MessageView,
    problems=(VisitNotFound, Forbidden, rules.MessageNotFound),
)
def find_own(call: Call[Any], visit_id: str, message_id: str) -> MessageView:
    """`message_id` 是发送时自己生成的。"""
    return MessageView.of(chat_reading.find_own(visit_id, message_id, caller=call.caller, now=call.now))


@routes.put(
    "/visits/{visit_id}/read-mark",
    summary="标记已读",
    roles=_PARTIES,
    body=ReadMarkBody,
    reply=ReadMarkView,
    problems=(VisitNotFound, Forbidden),
)
def mark_read(call: Call[ReadMarkBody], visit_id: str) -> ReadMarkView:
    """其他各方随即看到。"""
    read_to = chat_reading.mark_read(call.tx, visit_id=visit_id, caller=call.caller, sequence=call.body.sequence)
    return ReadMarkView(sequence=read_to)


@routes.get(
    "/visits/{visit_id}/entries/{sequence}/media",
    summary="查看图片或收听语音",
    roles=_PARTIES,
    reply=MediaLink,
    problems=(VisitNotFound, Forbidden, rules.MessageNotFound),
)
def link_media(call: Call[Any], visit_id: str, sequence: str) -> MediaLink:
    """`sequence` 是消息在会话里的序号。"""
    url = chat_reading.link_media(visit_id, _number(sequence), caller=call.caller, now=call.now)
    return MediaLink(url=url)


@routes.post(
    "/visits/{visit_id}/entries/{sequence}/recall",
    summary="撤回消息",
    roles=_PARTIES,
    reply=EntryView,
    status=201,
    effect=True,
    problems=(VisitNotFound, Forbidden, rules.MessageNotFound, rules.TooLateToRecall),
)
def recall(call: Call[Any], visit_id: str, sequence: str) -> EntryView:
    """发出 2 分钟内可撤回；别人不再看到内容，平台作为凭证保留。"""
    entry = chat.recall(call.tx, visit_id=visit_id, sequence=_number(sequence), caller=call.caller)
    return EntryView.of(chat_reading.ShownEntry(entry, None))


@routes.post(
    "/visits/{visit_id}/chat-accesses",
    summary="因工作查看会话",
    roles=_MODERATORS,
    body=OpenChatBody,
    reply=HistoryView,
    status=201,
    problems=(VisitNotFound,),
)
def read_as_staff(call: Call[OpenChatBody], visit_id: str) -> HistoryView:
    """已撤回的内容也可见。每次查看连同原因留有记录。"""
    history = chat_reading.read_as_staff(
        call.tx,
        visit_id=visit_id,
        caller=call.caller,
        reason=call.body.reason,
        after=call.body.after_sequence,
        limit=MAX_PAGE,
    )
    return HistoryView.of(history)


@routes.get(
    "/message-queue", summary="待人工审核的消息", roles=_MODERATORS, query=PageQuery, reply=Page[WaitingMessage]
)
def list_waiting_messages(call: Call[Any]) -> Page[WaitingMessage]:
    """等得最久的在前。"""
    found, last = chat.list_waiting(limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[WaitingMessage.of(row) for row in found], next_cursor=encode_cursor(last))


@routes.get(
    "/visits/{visit_id}/held-messages/{message_id}",
    summary="查看待审核的消息",
    roles=_MODERATORS,
    reply=HeldMessageView,
    problems=(rules.MessageNotFound,),
)
def read_held(call: Call[Any], visit_id: str, message_id: str) -> HeldMessageView:
    """供工作人员判断；查看留有记录。"""
    held = chat_reading.read_held(call.tx, visit_id=visit_id, message_id=message_id, caller=call.caller)
    return HeldMessageView(
        message_id=message_id,
        sender=held.row.standing,
        kind=rules.EntryKind(held.row.message_kind),
        state=rules.MessageState(held.row.state),
        text=held.text,
        url=held.url,
    )


@routes.post(
    "/visits/{visit_id}/held-messages/{message_id}/decision",
    summary="审核消息",
    roles=_MODERATORS,
    body=MessageDecision,
    reply=MessageView,
    effect=True,
    problems=(rules.MessageNotFound, rules.NotWaiting),
)
def decide(call: Call[MessageDecision], visit_id: str, message_id: str) -> MessageView:
    """放行后排在会话最新一条之后。"""
    row = chat.decide(
        call.tx,
        visit_id=visit_id,
        message_id=message_id,
        is_shown=call.body.decision == "show",
        caller=call.caller,
        reason=call.body.reason,
    )
    return MessageView.of(row)


def _number(text: str) -> int:
    """A number in a path; MessageNotFound for what is none."""
    if not text.isascii() or not text.isdigit() or len(text) > 7:
        raise rules.MessageNotFound()
    return int(text)
