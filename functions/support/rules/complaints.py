"""A complaint from its filing to its end: states, what follows, what the facts decide by themselves, remedies (F17).

`infra/workflows/complaint.asl.json` walks a complaint through these states and holds the time that each side has;
whatever the walk does next is `next_act` of the complaint itself, so that it goes on where it stood however often it
is begun. A verdict comes by rule only where the system's own records say what happened and the companion does not
contest it; else an agent decides. The client accepts or appeals once; an appeal is decided by another agent and is
final.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.money import BP_WHOLE
from functions.support.rules.complaint_problems import (
    IllegalStep,
    NotComplainable,
    NotTaken,
    OtherAgentDecides,
    RefundOutOfRange,
    RemedyNotPossible,
    TimeNotNamed,
)
from functions.support.rules.policy import ComplaintPolicy, Measure


class ComplaintState(StrEnum):
    FILED = "filed"
    AWAITING_COMPANION = "awaiting_companion"
    JUDGING = "judging"
    AWAITING_AGENT = "awaiting_agent"
    EXECUTING = "executing"
    AWAITING_CLIENT = "awaiting_client"
    CLOSED = "closed"


class Step(StrEnum):
    """What moves a complaint."""

    ASKED = "asked"
    """The facts are known; the companion was asked for their side."""
    ANSWERED = "answered"
    COMPANION_SILENT = "companion_silent"
    RULED = "ruled"
    UNDECIDED = "undecided"
    """No rule decides it."""
    DECIDED = "decided"
    REJECTED = "rejected"
    REFUSED = "refused"
    """What was decided cannot be done."""
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
    """三退: what the client may ask for. A visit ahead is cancelled or reassigned, a completed one refunded."""

    CANCEL = "cancel"
    REFUND = "refund"
    REASSIGN = "reassign"


class Outcome(StrEnum):
    """What is decided of a complaint."""

    REFUND = "refund"
    REJECT = "reject"
    CANCEL = "cancel"
    """The order ends, at no cost to the client."""
    REASSIGN = "reassign"
    """Another companion comes, at the same time or at one that the client named; the client never pays more."""


class Actor(StrEnum):
    """Who acts next."""

    SYSTEM = "system"
    COMPANION = "companion"
    AGENT = "agent"
    CLIENT = "client"
    NOBODY = "nobody"


class Act(StrEnum):
    """What the workflow does next; those with a twin in `_soon` are hurried, because the visit is still ahead."""

    ASK_COMPANION = "ask_companion"
    ASK_COMPANION_SOON = "ask_companion_soon"
    JUDGE = "judge"
    ASK_AGENT = "ask_agent"
    ASK_AGENT_SOON = "ask_agent_soon"
    GIVE_BACK = "give_back"
    CANCEL_ORDER = "cancel_order"
    REASSIGN_ORDER = "reassign_order"
    ASK_CLIENT = "ask_client"
    RELEASE = "release"


_S = ComplaintState
MOVES: Mapping[tuple[ComplaintState, Step], ComplaintState] = {
    (_S.FILED, Step.ASKED): _S.AWAITING_COMPANION,
    (_S.AWAITING_COMPANION, Step.ANSWERED): _S.JUDGING,
    (_S.AWAITING_COMPANION, Step.COMPANION_SILENT): _S.JUDGING,
    (_S.JUDGING, Step.RULED): _S.EXECUTING,
    (_S.JUDGING, Step.UNDECIDED): _S.AWAITING_AGENT,
    (_S.AWAITING_AGENT, Step.DECIDED): _S.EXECUTING,
    (_S.AWAITING_AGENT, Step.REJECTED): _S.AWAITING_CLIENT,
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
    _S.JUDGING: Actor.SYSTEM,
    _S.AWAITING_AGENT: Actor.AGENT,
    _S.EXECUTING: Actor.SYSTEM,
    _S.AWAITING_CLIENT: Actor.CLIENT,
    _S.CLOSED: Actor.NOBODY,
}
STATE_TITLES: Mapping[ComplaintState, str] = {
    _S.FILED: "核对系统记录中",
    _S.AWAITING_COMPANION: "等待陪诊师说明",
    _S.JUDGING: "对照系统记录判定中",
    _S.AWAITING_AGENT: "客服处理中",
    _S.EXECUTING: "处理结果执行中",
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
class ChatFacts:
    """How much was said in the visit's conversation, by whom and until when; never what."""

    by_client: int = 0
    """With the family's."""
    by_companion: int = 0
    companion_last_at: datetime | None = None


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
    chat: ChatFacts = ChatFacts()

    def measure_s(self, measure: Measure, now: datetime) -> int | None:
        """How long it was, in seconds, never negative; None when it did not happen."""
        match measure:
            case Measure.ABSENCE:
                return _seconds(self.starts_at, now) if not self.arrived_at else None
            case Measure.ARRIVAL_DELAY:
                return _seconds(self.starts_at, self.arrived_at) if self.arrived_at else None
            case Measure.REPORT_DELAY:
                return _seconds(self.report_due_at, self.report_at or now) if self.report_due_at else None


@dataclass(frozen=True)
class Verdict:
    """What a rule decides, and why in the client's words. Cancelling gives everything back."""

    outcome: Outcome
    refund_fen: int
    reason: str


def move(state: ComplaintState, step: Step) -> ComplaintState:
    """The state after `step`; IllegalStep."""
    after = MOVES.get((state, step))
    if after is None:
        raise IllegalStep()
    return after


def next_act(state: ComplaintState, *, is_ahead: bool, outcome: Outcome | None) -> Act:
    """What the workflow does with a complaint in this state, however it came there."""
    match state:
        case _S.FILED | _S.AWAITING_COMPANION:
            return Act.ASK_COMPANION_SOON if is_ahead else Act.ASK_COMPANION
        case _S.JUDGING:
            return Act.JUDGE
        case _S.AWAITING_AGENT:
            return Act.ASK_AGENT_SOON if is_ahead else Act.ASK_AGENT
        case _S.EXECUTING if outcome is Outcome.CANCEL:
            return Act.CANCEL_ORDER
        case _S.EXECUTING if outcome is Outcome.REASSIGN:
            return Act.REASSIGN_ORDER
        case _S.EXECUTING:
            return Act.GIVE_BACK
        case _S.AWAITING_CLIENT:
            return Act.ASK_CLIENT
        case _S.CLOSED:
            return Act.RELEASE


def require_complainable(*, completed_at: datetime, remedy: Remedy, now: datetime, policy: ComplaintPolicy) -> None:
    """Of a completed visit. Raises NotComplainable, RemedyNotPossible."""
    if now > completed_at + timedelta(days=policy.window_days):
        raise NotComplainable()
    if remedy is not Remedy.REFUND:
        raise RemedyNotPossible()


def require_possible_ahead(remedy: Remedy) -> None:
    """Of a visit that has not begun. Raises RemedyNotPossible."""
    if remedy is Remedy.REFUND:
        raise RemedyNotPossible()


def deadline(now: datetime, due_in_s: int) -> datetime:
    """Until when somebody has to act; whole seconds, rounded up, so that no clock calls it over too early."""
    return now.replace(microsecond=0) + timedelta(seconds=due_in_s + 1)


def verdict_by_rule(
    category: Category,
    facts: Facts,
    *,
    wanted: Remedy,
    contested: bool,
    now: datetime,
    policy: ComplaintPolicy,
) -> Verdict | None:
    """What the records alone decide: of the rules that hold, the one that gives back most; None leaves it to an agent.

    What the companion contests is never decided without a person. Of a visit that has not ended (`wanted` is not a
    refund) only a rule that gives everything back decides, and it ends the order: who else would come needs a person.
    """
    if contested or wanted is Remedy.REASSIGN:
        return None
    held = [
        rule
        for rule in policy.verdicts
        if rule.category == category and (facts.measure_s(rule.measure, now) or 0) >= rule.at_least_s
    ]
    if not held:
        return None
    best = max(held, key=lambda rule: rule.refund_bp)
    if wanted is Remedy.CANCEL:
        return Verdict(Outcome.CANCEL, facts.total_fen, best.reason) if best.refund_bp == BP_WHOLE else None
    refund_fen = facts.total_fen * best.refund_bp // BP_WHOLE
    return Verdict(Outcome.REFUND, refund_fen, best.reason) if refund_fen else None


def checked_refund_fen(outcome: Outcome, refund_fen: int | None, *, total_fen: int) -> int:
    """What an agent's decision gives back, in fen; RefundOutOfRange. A refund without an amount is a full one.

    Cancelling gives everything back, which booking sees to: no amount is decided here.
    """
    if outcome is not Outcome.REFUND:
        if refund_fen is not None:
            raise RefundOutOfRange()
        return 0
    amount_fen = total_fen if refund_fen is None else refund_fen
    if not 0 < amount_fen <= total_fen:
        raise RefundOutOfRange()
    return amount_fen


def require_outcome(outcome: Outcome, *, is_ahead: bool) -> None:
    """An agent may not cancel or reassign a visit that was completed when the client complained. RemedyNotPossible."""
    if outcome in (Outcome.CANCEL, Outcome.REASSIGN) and not is_ahead:
        raise RemedyNotPossible()


def require_named(starts_at: datetime | None, remedy: Remedy | Outcome, *, named: Collection[datetime]) -> None:
    """TimeNotNamed unless another time comes with somebody else, and the client named it. None: the visit's own."""
    if starts_at is not None and (remedy != Remedy.REASSIGN or starts_at not in named):
        raise TimeNotNamed()


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
