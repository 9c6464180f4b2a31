"""Complaints: what clients, companions and agents send and see."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.shared import clock, ids
from functions.shared.caller import Caller, Role
from functions.shared.http import Reading
from functions.shared.http.schemas import Body
from functions.support.actions.complaint_moves import BY_RULE
from functions.support.rules import complaints as rules
from functions.support.rules.clients import Flag
from functions.support.rules.complaints import Actor, Category, ComplaintState, Outcome, Remedy
from functions.support.schemas.clients import FlagView
from functions.support.table.complaints import AgentRow, ComplaintRow, OrderComplaintRow, QueuedRow

_Text = Annotated[str, Meta(min_length=5, max_length=1000, pattern=r"\S")]
_Fen = Annotated[int, Meta(ge=1, le=100_000_000)]
_Instant = Annotated[datetime, Meta(tz=True)]
_FileId = Annotated[str, Meta(min_length=30, max_length=30)]


class ComplaintBody(Body, frozen=True, kw_only=True):
    """申诉：事项、希望的处理（陪诊完成后 refund；尚未开始 cancel 或 reassign）、经过，以及已上传的证据。"""

    category: Category
    remedy: Remedy
    text: _Text
    evidence_ids: Annotated[tuple[_FileId, ...], Meta(max_length=9)] = ()
    other_times: Annotated[tuple[_Instant, ...], Meta(max_length=3)] = ()
    """只用于 reassign：除原定时间外，也可以接受的就诊时间；更贵不补差价，更便宜的在陪诊完成后退差价。"""


class EvidenceUploadBody(Body, frozen=True, kw_only=True):
    """要上传的类型：image/jpeg、image/png、application/pdf。"""

    content_type: Annotated[str, Meta(min_length=1, max_length=40)]


class ComplaintAnswerBody(Body, frozen=True, kw_only=True):
    """陪诊师的说明，只有一次；`contests` 为真表示对申诉有异议，由客服判断。"""

    text: _Text
    contests: bool


class ComplaintDecisionBody(Body, frozen=True, kw_only=True):
    """`refund` 退款，不填 `refund_fen` 即退还全部余款；`cancel` 退单并全额退款；`reassign` 换人；`reject` 驳回。

    只有 refund 填金额；cancel 与 reassign 只用于申诉时尚未开始的陪诊。理由会给客户看。
    """

    outcome: Outcome
    refund_fen: _Fen | None = None
    moved_to: _Instant | None = None
    """只用于 reassign：改到客户提出的哪个时间；不填为原定时间。"""
    reason: Annotated[str, Meta(min_length=2, max_length=300, pattern=r"\S")]


class AppealBody(Body, frozen=True, kw_only=True):
    """申请复议的理由，每条申诉只有一次。"""

    text: _Text


class EvidenceLink(Reading, frozen=True, kw_only=True):
    """五分钟内有效的地址。"""

    url: str


class FactsView(Reading, frozen=True, kw_only=True):
    """系统记录：预约与结束时间、首次到场签到、报告应交与提交时间，没有的为空；家属与陪诊师各发了几条消息。"""

    starts_at: datetime
    ended_at: datetime | None
    arrived_at: datetime | None
    report_due_at: datetime | None
    report_at: datetime | None
    family_messages: int
    companion_messages: int
    companion_last_message_at: datetime | None

    @classmethod
    def of(cls, facts: rules.Facts) -> "FactsView":
        return cls(
            starts_at=facts.starts_at,
            ended_at=facts.ended_at,
            arrived_at=facts.arrived_at,
            report_due_at=facts.report_due_at,
            report_at=facts.report_at,
            family_messages=facts.chat.by_client,
            companion_messages=facts.chat.by_companion,
            companion_last_message_at=facts.chat.companion_last_at,
        )


class EntryView(Reading, frozen=True, kw_only=True):
    """进程中的一步。"""

    at: datetime
    step: str
    state: ComplaintState


class ComplaintView(Reading, frozen=True, kw_only=True):
    """一条申诉：走到哪一步，`due_at` 前由 `next_actor` 处理。对方的话通过内容审核后才显示。"""

    complaint_id: str
    order_id: str
    category: Category
    category_title: str
    is_ahead: bool
    """申诉时陪诊尚未开始。"""
    remedy: Remedy
    other_times: list[datetime]
    """客户也可以接受的就诊时间。"""
    state: ComplaintState
    state_title: str
    next_actor: Actor
    due_at: datetime | None
    filed_at: datetime
    text: str | None
    evidence_ids: list[str]
    facts: FactsView | None
    answer: str | None
    is_contested: bool
    outcome: Outcome | None
    refund_fen: int
    moved_to: datetime | None
    """换人并改到的时间；为空即原定时间。"""
    reason: str | None
    is_by_rule: bool
    appeal: str | None
    is_mine: bool
    """由当前客服领取。"""
    history: list[EntryView]
    client_id: str | None
    """只给客服。"""
    client_flag: FlagView | None
    """客户因频繁申诉被标记，只给客服，查看申诉时给出。"""
    version: int

    @classmethod
    def of(cls, row: ComplaintRow, *, reader: Caller, flag: Flag | None = None) -> "ComplaintView":
        """As `reader` may see it: agents read all, each party its own words and what was let through."""
        is_agent = bool(reader.roles & {Role.AGENT, Role.ADMIN})
        is_client, is_companion = reader.subject == row.client_id, reader.subject == row.companion_id
        state, category = ComplaintState(row.state), Category(row.category)
        return cls(
            complaint_id=row.complaint_id,
            order_id=row.order_id,
            category=category,
            category_title=rules.CATEGORY_TITLES[category],
            is_ahead=bool(row.is_ahead),
            remedy=Remedy(row.remedy),
            other_times=[clock.china(at) for at in row.other_times] if is_agent or is_client else [],
            state=state,
            state_title=rules.STATE_TITLES[state],
            next_actor=rules.NEXT_ACTOR[state],
            due_at=row.due_at,
            filed_at=row.filed_at,
            text=row.text if is_agent or is_client or row.is_text_shown else None,
            evidence_ids=[each.file_id for each in row.evidence] if is_agent or is_client else [],
            facts=FactsView.of(row.facts) if row.facts else None,
            answer=row.answer if is_agent or is_companion or row.is_answer_shown else None,
            is_contested=bool(row.is_contested),
            outcome=Outcome(row.outcome) if row.outcome else None,
            refund_fen=row.refund_fen,
            moved_to=row.moved_to,
            reason=row.reason,
            is_by_rule=row.decided_by == BY_RULE,
            appeal=row.appeal if is_agent or is_client else None,
            is_mine=row.taken_by is not None and row.taken_by == reader.subject,
            history=[EntryView(at=each.at, step=each.step, state=each.state) for each in row.history],
            client_id=row.client_id if is_agent else None,
            client_flag=FlagView.of(flag) if is_agent and flag else None,
            version=int(row.version),
        )


class OrderComplaintView(Reading, frozen=True, kw_only=True):
    """订单的一条申诉。"""

    complaint_id: str
    category: Category
    category_title: str
    filed_at: datetime

    @classmethod
    def of(cls, row: OrderComplaintRow) -> "OrderComplaintView":
        category = Category(row.category)
        return cls(
            complaint_id=row.complaint_id,
            category=category,
            category_title=rules.CATEGORY_TITLES[category],
            filed_at=row.filed_at,
        )


class OrderComplaints(Reading, frozen=True, kw_only=True):
    """一个订单的申诉，最近的在前。"""

    items: list[OrderComplaintView]


class QueuedComplaint(Reading, frozen=True, kw_only=True):
    """待处理的申诉。

    `why`：undecided 规则无法判定，appealed 复议，overdue 处理超时，refused 处理结果未能执行，stuck 迟迟未执行完。
    """

    complaint_id: str
    order_id: str
    category: Category
    category_title: str
    why: str
    due_at: datetime
    taken_by: str | None

    @classmethod
    def of(cls, row: QueuedRow) -> "QueuedComplaint":
        category = Category(row.category)
        return cls(
            complaint_id=row.complaint_id,
            order_id=row.order_id,
            category=category,
            category_title=rules.CATEGORY_TITLES[category],
            why=row.why,
            due_at=row.due_at,
            taken_by=row.taken_by,
        )


class DutyBody(Body, frozen=True, kw_only=True):
    """`is_on_duty` 为真即开始接收自动分配的申诉和整改复核。"""

    is_on_duty: bool


class AgentView(Reading, frozen=True, kw_only=True):
    """一位客服：是否值班，手上的申诉和待复核的整改。"""

    agent_id: str
    is_on_duty: bool
    complaint_ids: list[str]
    rectification_ids: list[str]

    @classmethod
    def of(cls, row: AgentRow) -> "AgentView":
        return cls(
            agent_id=row.agent_id,
            is_on_duty=bool(row.is_on_duty),
            complaint_ids=[held for held in row.held if ids.is_id("cpl", held)],
            rectification_ids=[held for held in row.held if ids.is_id("rct", held)],
        )


class ComplaintDesk(Reading, frozen=True, kw_only=True):
    """全体客服的值班情况。"""

    items: list[AgentView]
