"""States of a visit and the order of its milestones (F10)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, FieldError, Invalid, NotFound
from functions.tracking.rules.policy import Policy


class VisitState(StrEnum):
    """Where a visit stands."""

    SCHEDULED = "scheduled"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    ENDED = "ended"
    REPORTED = "reported"
    CANCELLED = "cancelled"
    NO_SHOW_CLIENT = "no_show_client"
    NO_SHOW_COMPANION = "no_show_companion"


_S = VisitState
TRANSITIONS: Mapping[VisitState, frozenset[VisitState]] = {
    _S.SCHEDULED: frozenset({_S.DEPARTED, _S.CANCELLED, _S.NO_SHOW_COMPANION}),
    _S.DEPARTED: frozenset({_S.ARRIVED, _S.SCHEDULED, _S.CANCELLED, _S.NO_SHOW_COMPANION}),
    _S.ARRIVED: frozenset({_S.IN_PROGRESS, _S.ENDED, _S.NO_SHOW_CLIENT}),
    _S.IN_PROGRESS: frozenset({_S.IN_PROGRESS, _S.ENDED}),
    _S.ENDED: frozenset({_S.REPORTED}),
    _S.REPORTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.NO_SHOW_CLIENT: frozenset(),
    _S.NO_SHOW_COMPANION: frozenset(),
}
REASSIGNABLE = frozenset({_S.SCHEDULED, _S.DEPARTED})
"""Another companion may still do the visit, from its first milestone on."""
RUNNING = frozenset({_S.DEPARTED, _S.ARRIVED, _S.IN_PROGRESS})
"""The companion is on the way or at work: positions are shared in these states and in no other."""


class CheckInKind(StrEnum):
    """What a milestone needs as proof of presence."""

    NONE = "none"
    GEOFENCE = "geofence"
    PHOTO = "photo"
    BOTH = "both"

    @property
    def wants_geofence(self) -> bool:
        """An accepted check-in on the campus is needed."""
        return self in (CheckInKind.GEOFENCE, CheckInKind.BOTH)

    @property
    def wants_photo(self) -> bool:
        """An uploaded photo is needed."""
        return self in (CheckInKind.PHOTO, CheckInKind.BOTH)


class MilestoneState(StrEnum):
    """`skipped`: passed over, with a reason."""

    PENDING = "pending"
    RECORDED = "recorded"
    SKIPPED = "skipped"


class Recorder(StrEnum):
    """Who recorded a milestone."""

    COMPANION = "companion"
    STAFF = "staff"
    SYSTEM = "system"


class SkipReason(StrEnum):
    """Why a step was passed over."""

    NOT_NEEDED = "not_needed"
    PATIENT_DECLINED = "patient_declined"
    HOSPITAL_UNAVAILABLE = "hospital_unavailable"
    ANOTHER_DAY = "another_day"
    OTHER = "other"
    LAPSED = "lapsed"
    """The system's: the visit was over and nobody had said what became of the step."""


SKIP_TITLES: Mapping[SkipReason, str] = {
    SkipReason.NOT_NEEDED: "本次不需要",
    SkipReason.PATIENT_DECLINED: "就诊人选择不做",
    SkipReason.HOSPITAL_UNAVAILABLE: "院方当日无法安排",
    SkipReason.ANOTHER_DAY: "改日进行",
    SkipReason.OTHER: "其他原因",
    SkipReason.LAPSED: "陪诊师未作说明",
}


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """One step of a visit: what the template says, and what became of it."""

    code: str
    title: str
    check_in: CheckInKind = CheckInKind.NONE
    required: bool = True
    state: MilestoneState = MilestoneState.PENDING
    recorded_at: datetime | None = None
    """By the companion's phone, which may have been offline."""
    received_at: datetime | None = None
    """By our clock."""
    recorded_by: Recorder | None = None
    """Who recorded or skipped it."""
    proved_by: Recorder | None = None
    """Who answers for the presence: the companion by check-in or photo, or staff who vouched for it."""
    corrected_from: datetime | None = None
    """The time that was recorded first, if it was corrected."""
    skip_reason: SkipReason | None = None


class VisitNotFound(NotFound):
    """There is no such visit, or the caller has no part in it."""

    code = "visit_not_found"
    title = "没有找到这次陪诊"


class VisitNotRunning(Conflict):
    """The visit is over, cancelled or has not begun."""

    code = "visit_not_running"
    title = "陪诊不在进行中"


def require_underway(state: "VisitState") -> None:
    """VisitNotRunning unless the visit is scheduled or running."""
    if state not in RUNNING and state is not VisitState.SCHEDULED:
        raise VisitNotRunning()


class VisitNotOpen(Conflict):
    """It is too early for anything to be recorded."""

    code = "visit_not_open"
    title = "还没到可以记录的时间"


class MilestoneOutOfOrder(Conflict):
    """A milestone before this one has neither been recorded nor skipped."""

    code = "milestone_out_of_order"
    title = "请按流程顺序记录节点"


_MISSING = {
    CheckInKind.NONE: "还没有记录“{}”",
    CheckInKind.GEOFENCE: "“{}”还没有在院区内打卡并记录",
    CheckInKind.PHOTO: "“{}”还没有上传照片凭证并记录",
    CheckInKind.BOTH: "“{}”还没有在院区内打卡、上传照片凭证并记录",
}
"""What the step that comes first still lacks."""


class MilestoneRecorded(Conflict):
    """Each milestone is recorded once."""

    code = "milestone_recorded"
    title = "该节点已经记录过了"


class CheckInMissing(Conflict):
    """The template wants proof of presence before this milestone."""

    code = "check_in_missing"
    title = "请先在院区内完成打卡，再记录该节点"


_BEGINNING = (
    Milestone(code="departed", title="陪诊师已出发"),
    Milestone(code="arrived", title="已到达医院", check_in=CheckInKind.GEOFENCE),
)
_END = Milestone(code="ended", title="就诊结束")


def plan_milestones(template: Iterable[Milestone]) -> tuple[Milestone, ...]:
    """The template's milestones between a departure, an arrival and an end, which every visit has and cannot skip."""
    steps = list(template)
    by_code = {step.code: step for step in steps}
    frame = {step.code: replace(by_code.get(step.code, step), required=True) for step in (*_BEGINNING, _END)}
    middle = [step for step in steps if step.code not in frame]
    return (frame["departed"], frame["arrived"], *middle, frame["ended"])


def next_step(milestones: Sequence[Milestone]) -> Milestone | None:
    """The first step of which nothing has become yet: the only one to record, prove or skip now."""
    return next((step for step in milestones if step.state is MilestoneState.PENDING), None)


def find_known(milestones: Sequence[Milestone], code: str, *, field: str = "code") -> Milestone:
    """The milestone `code`; Invalid about the request's `field` if the template has none."""
    for step in milestones:
        if step.code == code:
            return step
    raise Invalid(errors=(FieldError(field, "本次陪诊的流程中没有这个节点"),))


def find_recordable(milestones: Sequence[Milestone], code: str, *, field: str = "code") -> Milestone:
    """The milestone `code` if it is the next one.

    Raises Invalid about the request's `field` (the template has no such code), MilestoneRecorded, MilestoneOutOfOrder.
    """
    known, following = find_known(milestones, code, field=field), next_step(milestones)
    if known is following:
        return known
    if known.state is not MilestoneState.PENDING:
        raise MilestoneRecorded()
    assert following is not None, "a step is pending, so one is the first of those"
    missing = _MISSING[following.check_in].format(following.title)
    raise MilestoneOutOfOrder(
        f"下一个节点应为“{following.title}”",
        errors=(FieldError(following.code, missing if following.required else missing + "；不需要时可注明原因跳过"),),
    )


def record(
    milestones: Sequence[Milestone],
    code: str,
    *,
    recorded_at: datetime,
    received_at: datetime,
    by: Recorder,
    proved_by: Recorder | None = None,
) -> tuple[Milestone, ...]:
    """The milestones with `code` recorded; raises as `find_recordable`."""
    chosen = find_recordable(milestones, code)
    recorded = replace(
        chosen,
        state=MilestoneState.RECORDED,
        recorded_at=recorded_at,
        received_at=received_at,
        recorded_by=by,
        proved_by=proved_by,
    )
    return tuple(recorded if step is chosen else step for step in milestones)


def prover_of(step: Milestone, by: Recorder) -> Recorder | None:
    """Who answers for the presence at a step that `by` records: staff who vouched for it, or whoever records it."""
    if step.check_in is CheckInKind.NONE or by is Recorder.SYSTEM:
        return None
    return step.proved_by or by


def restarted(milestones: Sequence[Milestone]) -> tuple[Milestone, ...]:
    """The same steps with nothing recorded, for another companion."""
    return tuple(
        Milestone(code=step.code, title=step.title, check_in=step.check_in, required=step.required)
        for step in milestones
    )


def state_at(milestones: Sequence[Milestone], code: str) -> VisitState:
    """The visit's state once `code` is recorded."""
    if code == milestones[-1].code:
        return VisitState.ENDED
    return {"departed": VisitState.DEPARTED, "arrived": VisitState.ARRIVED}.get(code, VisitState.IN_PROGRESS)


def moved(state: VisitState, to: VisitState) -> VisitState:
    """`to`, which must be where `state` leads."""
    assert to in TRANSITIONS[state], f"{state} does not lead to {to}"
    return to


def require_open(now: datetime, *, starts_at: datetime, policy: Policy) -> None:
    """VisitNotOpen if the visit is still too far away."""
    if now < starts_at - timedelta(seconds=policy.opens_before_s):
        raise VisitNotOpen()


def check_recorded_at(
    recorded_at: datetime, *, now: datetime, starts_at: datetime, milestones: Sequence[Milestone], policy: Policy
) -> None:
    """Invalid if the phone's time for a milestone is in the future, before the visit opened or before the last one."""
    skew = timedelta(seconds=policy.clock_skew_s)
    earlier = [step.recorded_at for step in milestones if step.recorded_at]
    floor = max([starts_at - timedelta(seconds=policy.opens_before_s), *earlier]) - skew
    if recorded_at > now + skew:
        raise Invalid(errors=(FieldError("recorded_at", "时间不能晚于现在，请检查手机时间"),))
    if recorded_at < floor:
        raise Invalid(errors=(FieldError("recorded_at", "时间不能早于陪诊开放时间或上一节点"),))
