"""Whether the steps of a process can be gone through (F29)."""

from collections.abc import Iterator, Sequence

from functions.booking.rules.itinerary import FIRST_MILESTONES, LAST_MILESTONE, Milestone
from functions.shared.errors import FieldError


def faults(milestones: Sequence[Milestone]) -> list[FieldError]:
    """What keeps a process from going live: ends that are not the fixed ones, steps that cannot be reached in time."""
    if len(milestones) <= len(FIRST_MILESTONES):
        return [FieldError("milestones", "至少要有出发、到达、结束三个节点")]
    return [*_faults_of_ends(milestones), *_faults_of_order(milestones)]


def _faults_of_ends(milestones: Sequence[Milestone]) -> Iterator[FieldError]:
    last = len(milestones) - 1
    for number, code in (*enumerate(FIRST_MILESTONES), (last, LAST_MILESTONE)):
        if milestones[number].code != code:
            yield _fault(number, "code", f"这个位置固定为 {code}")
        if not milestones[number].required:
            yield _fault(number, "required", "首末节点不能跳过")
    if milestones[last].duration_min:
        yield _fault(last, "duration_min", "结束节点不占时间，应为 0")


def _faults_of_order(milestones: Sequence[Milestone]) -> Iterator[FieldError]:
    codes = [milestone.code for milestone in milestones]
    for number, milestone in enumerate(milestones):
        if milestone.code in codes[:number]:
            yield _fault(number, "code", "节点编号重复")
        if number and milestone.offset_min < milestones[number - 1].offset_min:
            yield _fault(number, "offset_min", "不能早于前一个节点，否则走不到")
        elif number and milestone.offset_min < _end_min(milestones[number - 1]):
            yield _fault(number - 1, "duration_min", "超出了下一个节点的开始时间")


def _end_min(milestone: Milestone) -> int:
    return milestone.offset_min + milestone.duration_min


def _fault(number: int, field: str, message: str) -> FieldError:
    return FieldError(f"milestones[{number}].{field}", message)
