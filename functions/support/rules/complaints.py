"""A complaint from its filing to its end: states, deadlines, what the facts decide by themselves, remedies (F17).

Whoever has to act next has a deadline, and its passing moves the complaint on: nothing waits for ever. A verdict comes
by rule only where the system's own records say what happened and the companion does not contest it; else an agent
decides. The client accepts or appeals once; an appeal is decided by another agent and is final.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, Invalid, NotFound
from functions.support.rules.policy import ComplaintPolicy, Measure


class ComplaintState(StrEnum):
    FILED = "filed"
    AWAITING_COMPANION = "awaiting_companion"
    AWAITING_AGENT = "awaiting_agent"
    EXECUTING = "executing"
    AWAITING_CLIENT = "awaiting_client"
    CLOSED = "closed"


class Step(StrEnum):
    """What moves a complaint."""

    FACTS_GATHERED = "facts_gathered"
    ANSWERED = "answered"
    COMPANION_SILENT = "companion_silent"
    RULED = "ruled"
    DECIDED_REFUND = "decided_refund"
    DECIDED_REJECT = "decided_reject"
    REFUSED = "refused"
    """The refund cannot be made as it was decided."""
    EXECUTED = "executed"
    ACCEPTED = "accepted"
    CLIENT_SILENT = "client_silent"
    APPEALED = "appealed"
    FINISHED = "finished"
    """The decision upon an appeal is carried out: there is nothing left to appeal to."""


class Category(StrEnum):
    """What the complaint is about: its matter. An order has one open complaint per matter."""

    COMPANION_ABSENT = "companion_absent"
    LATE_ARRIVAL = "late_arrival"
    REPORT_LATE = "report_late"
    SERVICE = "service"
    CHARGES = "charges"
    OTHER = "other"


class Remedy(StrEnum):
    """三退: what the client may ask for."""

    CANCEL = "cancel"
    REFUND = "refund"
    REASSIGN = "reassign"


class Outcome(StrEnum):
    """What is decided of the complaint of a completed visit."""

    REFUND = "refund"
    REJECT = "reject"


class Actor(StrEnum):
    """Who acts next."""

    SYSTEM = "system"
    COMPANION = "companion"
    AGENT = "agent"
    CLIENT = "client"
    NOBODY = "nobody"


_S = ComplaintState
MOVES: Mapping[tuple[ComplaintState, Step], ComplaintState] = {
    (_S.FILED, Step.FACTS_GATHERED): _S.AWAITING_COMPANION,
    (_S.AWAITING_COMPANION, Step.ANSWERED): _S.AWAITING_AGENT,
    (_S.AWAITING_COMPANION, Step.COMPANION_SILENT): _S.AWAITING_AGENT,
    (_S.AWAITING_COMPANION, Step.RULED): _S.EXECUTING,
    (_S.AWAITING_AGENT, Step.DECIDED_REFUND): _S.EXECUTING,
    (_S.AWAITING_AGENT, Step.DECIDED_REJECT): _S.AWAITING_CLIENT,
    (_S.EXECUTING, Step.REFUSED): _S.AWAITING_AGENT,
    (_S.EXECUTING, Step.EXECUTED): _S.AWAITING_CLIENT,
    (_S.AWAITING_CLIENT, Step.ACCEPTED): _S.CLOSED,
    (_S.AWAITING_CLIENT, Step.CLIENT_SILENT): _S.CLOSED,
    (_S.AWAITING_CLIENT, Step.APPEALED): _S.AWAITING_AGENT,
    (_S.AWAITING_CLIENT, Step.FINISHED): _S.CLOSED,
}
"""Which step is possible in which state, and where it leads."""

NEXT_ACTOR: Mapping[ComplaintState, Actor] = {
    _S.FILED: Actor.SYSTEM,
    _S.AWAITING_COMPANION: Actor.COMPANION,
    _S.AWAITING_AGENT: Actor.AGENT,
    _S.EXECUTING: Actor.SYSTEM,
    _S.AWAITING_CLIENT: Actor.CLIENT,
    _S.CLOSED: Actor.NOBODY,
}
STATE_TITLES: Mapping[ComplaintState, str] = {
    _S.FILED: "核对系统记录中",
    _S.AWAITING_COMPANION: "等待陪诊师说明",
    _S.AWAITING_AGENT: "客服处理中",
    _S.EXECUTING: "退款办理中",
    _S.AWAITING_CLIENT: "等待您确认结果",
    _S.CLOSED: "已结束",
}
CATEGORY_TITLES: Mapping[Category, str] = {
    Category.COMPANION_ABSENT: "陪诊师未到场",
    Category.LATE_ARRIVAL: "陪诊师迟到",
    Category.REPORT_LATE: "陪诊报告迟交",
    Category.SERVICE: "服务态度或质量",
    Category.CHARGES: "费用问题",
    Category.OTHER: "其他",
}


class ComplaintNotFound(NotFound):
    """There is none, or it is not the caller's."""

    code = "complaint_not_found"
    title = "没有找到这条申诉"


class OrderNotFound(NotFound):
    """No completed order of this client."""

    code = "order_not_found"
    title = "没有找到这个已完成的订单"


class NotComplainable(Conflict):
    """The complaint window is over."""

    code = "not_complainable"
    title = "已超过申诉期限"


class ComplaintOpen(Conflict):
    """The same matter of the same order is being looked at."""

    code = "complaint_open"
    title = "该订单的同类申诉正在处理中"


class RemedyNotPossible(Invalid):
    """A visit that is over can neither be cancelled nor be done by somebody else."""

    code = "remedy_not_possible"
    title = "陪诊已完成，只能申请退款"


class IllegalStep(Conflict):
    """The complaint is not at the stage at which this can be done."""

    code = "complaint_stage"
    title = "申诉当前的阶段不能这样操作"


class AppealedAlready(Conflict):
    """The client appeals once."""

    code = "appealed_already"
    title = "每条申诉只能复议一次"


class OtherAgentDecides(Conflict):
    """An agent has taken it, or this one decided what is appealed against."""

    code = "other_agent_decides"
    title = "这条申诉由另一位客服处理"


class TooManyTaken(Conflict):
    """The agent holds as many as one person can look at."""

    code = "too_many_taken"
    title = "您手上的申诉已达上限，请先处理完再领取"


class NotTaken(Conflict):
    """Who decides takes the complaint first."""

    code = "complaint_not_taken"
    title = "请先领取这条申诉再处理"


class RefundOutOfRange(Invalid):
    """More than the client paid, or nothing; or an amount with a rejection."""

    code = "refund_out_of_range"
    title = "退款金额须大于零且不超过订单金额；驳回时不能填写金额"


class Part(StrEnum):
    """Of a complaint, what the other side reads once it passed the content check."""

    COMPLAINT = "complaint"
    ANSWER = "complaint_answer"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a complaint's history."""

    at: datetime
    step: str
    state: ComplaintState


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A file that the client handed in; `sha256` says that it is the one that was handed in."""

    file_id: str
    key: str
    content_type: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the system knows of the visit; instants are None for what never happened."""

    starts_at: datetime
    ended_at: datetime | None
    arrived_at: datetime | None
    """The first check-in at the hospital that was accepted."""
    report_at: datetime | None
    report_due_at: datetime | None
    total_fen: int

    def measure_s(self, measure: Measure, now: datetime) -> int | None:
        """How long it was, in seconds, never negative; None when it did not happen."""
        match measure:
            case Measure.ABSENCE:
                return _seconds(self.starts_at, now) if self.ended_at and not self.arrived_at else None
            case Measure.ARRIVAL_DELAY:
                return _seconds(self.starts_at, self.arrived_at) if self.arrived_at else None
            case Measure.REPORT_DELAY:
                return _seconds(self.report_due_at, self.report_at or now) if self.report_due_at else None


@dataclass(frozen=True)
class Verdict:
    """What a rule gives back, and why in the client's words."""

    refund_fen: int
    reason: str


def move(state: ComplaintState, step: Step) -> ComplaintState:
    """The state after `step`; IllegalStep."""
    after = MOVES.get((state, step))
    if after is None:
        raise IllegalStep()
    return after


def require_complainable(*, completed_at: datetime, remedy: Remedy, now: datetime, policy: ComplaintPolicy) -> None:
    """Raises NotComplainable, RemedyNotPossible."""
    if now > completed_at + timedelta(days=policy.window_days):
        raise NotComplainable()
    if remedy is not Remedy.REFUND:
        raise RemedyNotPossible()


def deadline(state: ComplaintState, now: datetime, policy: ComplaintPolicy) -> datetime | None:
    """Until when the next one has to act; None once it is closed."""
    seconds = {
        _S.FILED: policy.gathering_s,
        _S.AWAITING_COMPANION: policy.companion_s,
        _S.AWAITING_AGENT: policy.agent_s,
        _S.EXECUTING: policy.executing_s,
        _S.AWAITING_CLIENT: policy.client_s,
    }.get(state)
    # A schedule has whole seconds: rounded up, so that the timer is never early.
    return None if seconds is None else now.replace(microsecond=0) + timedelta(seconds=seconds + 1)


def verdict_by_rule(
    category: Category, facts: Facts, *, contested: bool, now: datetime, policy: ComplaintPolicy
) -> Verdict | None:
    """What the records alone decide: of the rules that hold, the one that gives back most; None leaves it to an agent.

    What the companion contests is never decided without a person.
    """
    if contested:
        return None
    held = [
        rule
        for rule in policy.verdicts
        if rule.category == category and (facts.measure_s(rule.measure, now) or 0) >= rule.at_least_s
    ]
    if not held:
        return None
    best = max(held, key=lambda rule: rule.refund_bp)
    refund_fen = facts.total_fen * best.refund_bp // 10_000
    return Verdict(refund_fen, best.reason) if refund_fen else None


def checked_refund_fen(outcome: Outcome, refund_fen: int | None, *, total_fen: int) -> int:
    """What an agent's decision gives back, in fen; RefundOutOfRange. A refund without an amount is a full one."""
    if outcome is Outcome.REJECT:
        if refund_fen is not None:
            raise RefundOutOfRange()
        return 0
    amount_fen = total_fen if refund_fen is None else refund_fen
    if not 0 < amount_fen <= total_fen:
        raise RefundOutOfRange()
    return amount_fen


def require_agent(agent_id: str, *, taken_by: str | None, earlier_decider: str | None) -> None:
    """Raises NotTaken, OtherAgentDecides: only who took it decides, and nobody twice on the same complaint."""
    if agent_id == earlier_decider:
        raise OtherAgentDecides()
    if taken_by is None:
        raise NotTaken()
    if taken_by != agent_id:
        raise OtherAgentDecides()


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))
