"""Subsidies: who pays what for whom, and how an application is decided (F5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from functions.booking.rules.shards import MAX_SHARDS
from functions.shared.clock import service_date
from functions.shared.errors import Conflict, FieldError, Invalid
from functions.shared.money import BP_WHOLE, MAX_FEN, share, yuan

_MAX_AGE = 120


class CapPeriod(StrEnum):
    """What a programme's cap limits: each order, or all of a patient's visits in one China calendar year."""

    ORDER = "order"
    YEAR = "year"


@dataclass(frozen=True)
class EvidenceKind:
    """Something that an applicant has to show: `id_card`, 身份证."""

    code: str
    title: str


@dataclass(frozen=True)
class Programme:
    """Whose visits are made cheaper, by how much, out of which budget. Amounts in fen, shares in basis points.

    Either `percent_bp` of the gross price without premium or `off_fen`, at most `cap_fen` for each order or for each
    patient's year. The visit's day and city must be in its validity and its cities (none named: all cities).
    """

    id: str
    name: str
    summary: str
    evidence: tuple[EvidenceKind, ...]
    """Every kind must be shown."""
    percent_bp: int | None
    off_fen: int | None
    cap_fen: int
    cap_per: CapPeriod
    budget_fen: int
    valid_from: date
    valid_until: date
    cities: frozenset[str] = frozenset()
    min_age: int = 0
    rank: int = 100
    """Programmes apply in this order, then by id."""
    combinable: bool = True
    """Whether it applies together with other subsidies; if not, it stands alone or steps back."""
    accepting: bool = True
    """Whether anybody may apply now; grants that were given stay good."""
    appeal_days: int = 15
    """So many days after a rejection the applicant may object."""
    shards: int = 4
    """Rows that the budget is spread over; fixed for the programme's life."""

    def __post_init__(self) -> None:
        faults = tuple(_faults(self))
        if faults:
            raise Invalid(errors=faults)

    def full_amount_fen(self, base_fen: int, *, used_in_year_fen: int) -> int:
        """What it gives for a visit that costs `base_fen` (gross, without premium), leaving its budget aside."""
        wanted = self.off_fen if self.off_fen is not None else share(base_fen, self.percent_bp or 0)
        used = used_in_year_fen if self.cap_per is CapPeriod.YEAR else 0
        return max(0, min(wanted, self.cap_fen - used, base_fen))

    @property
    def rule_text(self) -> str:
        """The rule as people read it."""
        off = f"每单补贴 {yuan(self.off_fen)}" if self.off_fen is not None else f"补贴 {_percent(self.percent_bp or 0)}"
        period = "每单" if self.cap_per is CapPeriod.ORDER else "每年"
        return f"{off}，{period}最多 {yuan(self.cap_fen)}"


def _percent(share_bp: int) -> str:
    return f"{share_bp // 100}%" if share_bp % 100 == 0 else f"{share_bp // 100}.{share_bp % 100:02d}%"


def _faults(programme: Programme) -> Iterator[FieldError]:
    if (programme.percent_bp is None) == (programme.off_fen is None):
        yield FieldError("percent_bp", "按比例与按金额须且只能选一种")
    if programme.percent_bp is not None and not 1 <= programme.percent_bp <= BP_WHOLE:
        yield FieldError("percent_bp", f"比例为 1 到 {BP_WHOLE} 基点")
    for name in ("off_fen", "cap_fen", "budget_fen"):
        amount = getattr(programme, name)
        if amount is not None and not 1 <= amount <= MAX_FEN:
            yield FieldError(name, f"金额为 1 到 {MAX_FEN} 分")
    if programme.valid_until < programme.valid_from:
        yield FieldError("valid_until", "不能早于开始日期")
    if not programme.evidence or len({kind.code for kind in programme.evidence}) != len(programme.evidence):
        yield FieldError("evidence", "至少一种证明材料，且不重复")
    if not 0 <= programme.min_age <= _MAX_AGE:
        yield FieldError("min_age", f"年龄为 0 到 {_MAX_AGE}")
    if not 1 <= programme.shards <= MAX_SHARDS:
        yield FieldError("shards", f"分片数为 1 到 {MAX_SHARDS}")
    if programme.appeal_days < 0:
        yield FieldError("appeal_days", "不能为负")


# entitlement ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Entitlement:
    """A patient's granted subsidy, with what is left for them. `left_fen` is the programme's budget, shard by shard."""

    grant_id: str
    patient_id: str
    programme: Programme
    valid_until: date
    used_in_year_fen: int = 0
    left_fen: tuple[int, ...] = ()

    def why_not(self, *, city: str, visit_on: date) -> str | None:
        """Why it does not apply to a visit there and then, in a sentence for people; None if it does."""
        programme = self.programme
        if programme.cities and city not in programme.cities:
            return "该城市不在补贴范围内"
        if not programme.valid_from <= visit_on <= programme.valid_until:
            return "就诊日期不在补贴项目的有效期内"
        if visit_on > self.valid_until:
            return "补贴资格在就诊日之前到期"
        return None

    def amount_fen(self, base_fen: int) -> int:
        """What it takes off; nothing where the budget no longer holds the whole amount."""
        amount_fen = self.programme.full_amount_fen(base_fen, used_in_year_fen=self.used_in_year_fen)
        return amount_fen if amount_fen <= sum(self.left_fen) else 0


# an application -------------------------------------------------------------------------------------------------------
class ApplicationState(StrEnum):
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPEALED = "appealed"
    FINALLY_REJECTED = "finally_rejected"


_A = ApplicationState
APPLICATION_MOVES: Mapping[ApplicationState, frozenset[ApplicationState]] = {
    _A.SUBMITTED: frozenset({_A.APPROVED, _A.REJECTED}),
    _A.REJECTED: frozenset({_A.APPEALED}),
    _A.APPEALED: frozenset({_A.APPROVED, _A.FINALLY_REJECTED}),
    _A.APPROVED: frozenset(),
    _A.FINALLY_REJECTED: frozenset(),
}
APPLICATION_TITLES: Mapping[ApplicationState, str] = {
    _A.SUBMITTED: "审核中",
    _A.APPROVED: "已通过",
    _A.REJECTED: "未通过，可以申诉",
    _A.APPEALED: "申诉复核中",
    _A.FINALLY_REJECTED: "申诉未通过",
}
WAITING = frozenset({_A.SUBMITTED, _A.APPEALED})
"""What stands in the staff's queue."""


@dataclass(frozen=True)
class Evidence:
    """One uploaded document. `key` is where it lies; nobody is shown it."""

    kind: str
    file_id: str
    key: str
    content_type: str
    sha256: str


@dataclass(frozen=True)
class Decision:
    """What a member of staff decided; `reason` is sealed under the patient's key."""

    staff_id: str
    decided_at: datetime
    approved: bool
    reason: str
    valid_until: date | None


class ApplicationDecided(Conflict):
    """The application's state does not allow what was asked."""

    code = "subsidy_application_state"
    title = "申请当前的状态不允许此操作"


class AlreadyApplied(Conflict):
    """An application for the same patient and programme is waiting for its decision."""

    code = "subsidy_already_applied"
    title = "这位就诊人已经提交过申请，请等待审核结果"


class NotAccepting(Conflict):
    """The programme takes no applications now."""

    code = "subsidy_not_accepting"
    title = "这个补贴项目目前不接受申请"


class AppealTooLate(Conflict):
    """The time to object is over."""

    code = "subsidy_appeal_too_late"
    title = "已超过申诉期限"


class SameDecider(Conflict):
    """Whoever rejected the application may not decide the objection to it."""

    code = "subsidy_same_decider"
    title = "申诉须由另一位工作人员复核"


class SubsidyExhausted(Conflict):
    """The budget, or the patient's year, no longer holds what was quoted."""

    code = "subsidy_exhausted"
    title = "补贴额度已有变化，请重新报价"


class BudgetInUse(Conflict):
    """The budget cannot shrink below what was reserved and spent."""

    code = "subsidy_budget_in_use"
    title = "新预算低于已使用的金额"


def move(state: ApplicationState, to: ApplicationState) -> ApplicationState:
    """`to`, if an application may go there; otherwise ApplicationDecided."""
    if to not in APPLICATION_MOVES[state]:
        raise ApplicationDecided(f"申请{APPLICATION_TITLES[state]}，不能再次处理")
    return to


def decided_state(state: ApplicationState, *, approved: bool) -> ApplicationState:
    """Where a decision leads: the second rejection is final. ApplicationDecided."""
    if approved:
        return move(state, _A.APPROVED)
    return move(state, _A.FINALLY_REJECTED if state is _A.APPEALED else _A.REJECTED)


def check_apply(programme: Programme, *, age: int, kinds: Sequence[str], now: datetime) -> None:
    """NotAccepting; Invalid unless the patient is old enough and each kind of evidence is shown once."""
    if not programme.accepting or service_date(now) > programme.valid_until:
        raise NotAccepting()
    if age < programme.min_age:
        raise Invalid(errors=(FieldError("patient_id", f"就诊人须年满 {programme.min_age} 周岁"),))
    missing = [kind.title for kind in programme.evidence if kind.code not in kinds]
    if missing:
        raise Invalid(errors=(FieldError("evidence", f"还缺：{'、'.join(missing)}"),))
    unknown = set(kinds) - {kind.code for kind in programme.evidence}
    if unknown:
        raise Invalid(errors=(FieldError("evidence", f"不需要的材料：{'、'.join(sorted(unknown))}"),))


def check_decision(decisions: Sequence[Decision], *, staff_id: str) -> None:
    """SameDecider if this member of staff has decided the application before."""
    if any(decision.staff_id == staff_id for decision in decisions):
        raise SameDecider()


def check_valid_until(programme: Programme, valid_until: date | None, *, approved: bool, today: date) -> None:
    """Invalid unless an approval, and only an approval, says until when: from today to the programme's end."""
    if not approved:
        if valid_until is not None:
            raise Invalid(errors=(FieldError("valid_until", "驳回时不填有效期"),))
        return
    if valid_until is None or not today <= valid_until <= programme.valid_until:
        message = f"有效期须从今天起、不晚于项目截止日 {programme.valid_until.isoformat()}"
        raise Invalid(errors=(FieldError("valid_until", message),))


def appeal_ends_at(programme: Programme, decisions: Sequence[Decision]) -> datetime | None:
    """Until when the last rejection may be objected to; None if there was none."""
    if not decisions or decisions[-1].approved:
        return None
    return decisions[-1].decided_at + timedelta(days=programme.appeal_days)
