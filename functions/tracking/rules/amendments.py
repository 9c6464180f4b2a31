"""What may be changed about a visit's milestones besides recording them: skipping, correcting, vouching (F10, F22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from functions.shared.errors import Conflict, FieldError, Invalid
from functions.tracking.rules.policy import Policy
from functions.tracking.rules.progress import (
    RUNNING,
    Milestone,
    MilestoneState,
    Recorder,
    SkipReason,
    VisitNotRunning,
    VisitState,
    find_known,
    find_recordable,
)


class Change(StrEnum):
    """What became of a milestone."""

    RECORDED = "recorded"
    SKIPPED = "skipped"
    CORRECTED = "corrected"
    VOUCHED = "vouched"
    """Staff say that it needs no more proof."""


class CorrectionReason(StrEnum):
    """Why a recorded time was wrong."""

    RECORDED_LATE = "recorded_late"
    RECORDED_EARLY = "recorded_early"
    CLOCK_WRONG = "clock_wrong"
    OTHER = "other"


CORRECTION_TITLES: Mapping[CorrectionReason, str] = {
    CorrectionReason.RECORDED_LATE: "忘记及时记录",
    CorrectionReason.RECORDED_EARLY: "提前误点",
    CorrectionReason.CLOCK_WRONG: "手机时间不准",
    CorrectionReason.OTHER: "其他原因",
}


@dataclass(frozen=True)
class Amendment:
    """The milestones after a change, and the one that was changed as it now is."""

    milestones: tuple[Milestone, ...]
    step: Milestone


class MilestoneRequired(Conflict):
    """The step cannot be skipped: by its companion, or by anybody because the visit's state hangs on it."""

    code = "milestone_required"
    title = "该节点为必经节点，不能跳过；手机无法操作时可请客服代为记录"


class MilestoneNotRecorded(Conflict):
    """There is no time yet that could be corrected."""

    code = "milestone_not_recorded"
    title = "该节点还没有记录，无需更正"


class CorrectionTooLate(Conflict):
    """A companion corrects a slip soon after it; later only staff do."""

    code = "correction_too_late"
    title = "已超过可自行更正的时间，请联系客服"


def skip(
    milestones: Sequence[Milestone], code: str, *, reason: SkipReason, received_at: datetime, by: Recorder
) -> Amendment:
    """The next step passed over with a reason.

    A required one only by staff; setting out, arriving and the end by nobody, for they are the visit's states. Raises
    MilestoneRequired, and as `find_recordable`.
    """
    step = find_recordable(milestones, code)
    is_frame = code in ("departed", "arrived", milestones[-1].code)
    if is_frame or (step.required and by is not Recorder.STAFF):
        raise MilestoneRequired()
    skipped = replace(
        step, state=MilestoneState.SKIPPED, received_at=received_at, recorded_by=by, skip_reason=reason, proved_by=None
    )
    return _with(milestones, skipped)


def vouch(milestones: Sequence[Milestone], code: str) -> Amendment:
    """The next step in need of no further proof, because staff say so. Raises as `find_recordable`."""
    return _with(milestones, replace(find_recordable(milestones, code, field="code"), proved_by=Recorder.STAFF))


def correct(
    milestones: Sequence[Milestone],
    code: str,
    *,
    recorded_at: datetime,
    now: datetime,
    starts_at: datetime,
    policy: Policy,
) -> Amendment:
    """A recorded step at another time, between its neighbours'; `corrected_from` stays what was recorded first.

    Raises MilestoneNotRecorded, Invalid.
    """
    step = find_known(milestones, code)
    if step.state is not MilestoneState.RECORDED or step.recorded_at is None:
        raise MilestoneNotRecorded()
    position = list(milestones).index(step)
    skew = timedelta(seconds=policy.clock_skew_s)
    before = [each.recorded_at for each in milestones[:position] if each.recorded_at]
    after = [each.recorded_at for each in milestones[position + 1 :] if each.recorded_at]
    floor = max([starts_at - timedelta(seconds=policy.opens_before_s), *before]) - skew
    if not floor <= recorded_at <= min([now, *after]) + skew:
        raise Invalid(errors=(FieldError("recorded_at", "时间须在前后两个节点之间，且不能晚于现在"),))
    if recorded_at == step.recorded_at:
        raise Invalid(errors=(FieldError("recorded_at", "与原来的时间相同，无需更正"),))
    first = step.corrected_from or step.recorded_at
    return _with(milestones, replace(step, recorded_at=recorded_at, corrected_from=first))


def require_correctable(step: Milestone, *, state: VisitState, by: Recorder, now: datetime, policy: Policy) -> None:
    """VisitNotRunning for a visit that has not begun or will not be; CorrectionTooLate for a companion who is late."""
    if state not in RUNNING | {VisitState.ENDED, VisitState.REPORTED}:
        raise VisitNotRunning()
    if by is Recorder.STAFF:
        return
    is_soon = step.received_at is None or now <= step.received_at + timedelta(seconds=policy.correct_within_s)
    if state is VisitState.REPORTED or not is_soon:
        raise CorrectionTooLate()


def _with(milestones: Sequence[Milestone], changed: Milestone) -> Amendment:
    return Amendment(tuple(changed if each.code == changed.code else each for each in milestones), changed)
