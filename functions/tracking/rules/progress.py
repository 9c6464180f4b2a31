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


class MilestoneState(StrEnum):
    """`skipped`: optional, and a later milestone was recorded."""

    PENDING = "pending"
    RECORDED = "recorded"
    SKIPPED = "skipped"


class Recorder(StrEnum):
    """Who recorded a milestone."""

    COMPANION = "companion"
    SYSTEM = "system"


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
    """A required milestone before this one has not been recorded."""

    code = "milestone_out_of_order"
    title = "请按流程顺序记录节点"


_MISSING = {
    CheckInKind.NONE: "还没有记录“{}”",
    CheckInKind.GEOFENCE: "“{}”还没有在院区内打卡并记录",
    CheckInKind.PHOTO: "“{}”还没有上传照片凭证并记录",
}
"""What a required step that was passed over still lacks."""


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


def recordable(milestones: Sequence[Milestone]) -> tuple[Milestone, ...]:
    """What may be recorded now: pending optional milestones in order, up to and with the next required one."""
    ahead: list[Milestone] = []
    for step in _ahead(milestones):
        ahead.append(step)
        if step.required:
            break
    return tuple(ahead)


def find_recordable(milestones: Sequence[Milestone], code: str, *, field: str = "code") -> Milestone:
    """The milestone `code` if it may be recorded now.

    Raises Invalid about the request's `field` (the template has no such code), MilestoneRecorded, MilestoneOutOfOrder.
    """
    known = [step for step in milestones if step.code == code]
    if not known:
        raise Invalid(errors=(FieldError(field, "本次陪诊的流程中没有这个节点"),))
    choices = recordable(milestones)
    for step in choices:
        if step.code == code:
            return step
    if any(step.state is MilestoneState.RECORDED for step in known):
        raise MilestoneRecorded()
    titles = "”或“".join(step.title for step in choices)
    raise MilestoneOutOfOrder(
        f"下一个节点应为“{titles}”" if titles else "流程已经结束",
        errors=tuple(FieldError(step.code, _MISSING[step.check_in].format(step.title)) for step in choices[-1:]),
    )


def record(
    milestones: Sequence[Milestone], code: str, *, recorded_at: datetime, received_at: datetime, by: Recorder
) -> tuple[Milestone, ...]:
    """The milestones with `code` recorded and the optional ones before it skipped; raises as `find_recordable`."""
    chosen = find_recordable(milestones, code)
    position = next(i for i, step in enumerate(milestones) if step is chosen)
    return tuple(
        replace(step, state=MilestoneState.RECORDED, recorded_at=recorded_at, received_at=received_at, recorded_by=by)
        if i == position
        else replace(step, state=MilestoneState.SKIPPED)
        if i < position and step.state is MilestoneState.PENDING
        else step
        for i, step in enumerate(milestones)
    )


def restarted(milestones: Sequence[Milestone]) -> tuple[Milestone, ...]:
    """The same steps with nothing recorded, for another companion."""
    return tuple(
        replace(step, state=MilestoneState.PENDING, recorded_at=None, received_at=None, recorded_by=None)
        for step in milestones
    )


def state_at(milestones: Sequence[Milestone], code: str) -> VisitState:
    """The visit's state once `code` is recorded."""
    if code == milestones[-1].code:
        return VisitState.ENDED
    return {"departed": VisitState.DEPARTED, "arrived": VisitState.ARRIVED}.get(code, VisitState.IN_PROGRESS)


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


def _ahead(milestones: Sequence[Milestone]) -> Sequence[Milestone]:
    """Everything after the last recorded milestone."""
    done = [i for i, step in enumerate(milestones) if step.state is MilestoneState.RECORDED]
    return milestones[done[-1] + 1 :] if done else milestones
