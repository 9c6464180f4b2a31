"""The process template, the timetable made from it, and what to bring (F7, F21, F29)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_MILESTONES = ("departed", "arrived")
LAST_MILESTONE = "ended"


class CheckIn(StrEnum):
    """What proves a milestone: nothing, being inside the campus's fence, a photo, or both."""

    NONE = "none"
    GEOFENCE = "geofence"
    PHOTO = "photo"
    BOTH = "both"


@dataclass(frozen=True)
class Milestone:
    """One step of a visit; minutes count from the visit's start and are negative before it."""

    code: str
    title: str
    check_in: CheckIn
    offset_min: int
    duration_min: int
    required: bool


@dataclass(frozen=True)
class ProcessTemplate:
    """The milestones of one kind of visit, in order: departed, arrived, …, ended."""

    id: str
    name: str
    milestones: tuple[Milestone, ...]

    def __post_init__(self) -> None:
        codes = [milestone.code for milestone in self.milestones]
        offsets = [milestone.offset_min for milestone in self.milestones]
        if tuple(codes[:2]) != FIRST_MILESTONES or codes[-1] != LAST_MILESTONE or len(set(codes)) != len(codes):
            raise ValueError(f"{self.id}: milestones are departed, arrived, …, ended, each once")
        if offsets != sorted(offsets) or min(milestone.duration_min for milestone in self.milestones) < 0:
            raise ValueError(f"{self.id}: milestones are in order of time and last 0 minutes or more")


@dataclass(frozen=True)
class ItineraryEntry:
    """One line of a companion's timetable."""

    code: str
    title: str
    starts_at: datetime
    ends_at: datetime
    required: bool


@dataclass(frozen=True)
class ChecklistItem:
    """One thing to bring or to prepare."""

    code: str
    title: str
    note: str


@dataclass(frozen=True)
class Checklist:
    """What a department's patients bring; `key` is the department's `checklist_template`."""

    key: str
    name: str
    items: tuple[ChecklistItem, ...]


def itinerary(template: ProcessTemplate, starts_at: datetime) -> tuple[ItineraryEntry, ...]:
    """The timetable of a visit that begins at `starts_at`, in order of time."""
    return tuple(
        ItineraryEntry(
            code=milestone.code,
            title=milestone.title,
            starts_at=(begins := starts_at + timedelta(minutes=milestone.offset_min)),
            ends_at=begins + timedelta(minutes=milestone.duration_min),
            required=milestone.required,
        )
        for milestone in template.milestones
    )


REQUESTED_STEPS = {
    "ticket_pickup": Milestone("ticket_pickup", "代取号", CheckIn.PHOTO, 0, 45, True),
}
"""Steps that a special request brings with it (F8), by the request: done between the arrival and the visit's start."""


def with_requested_steps(template: ProcessTemplate, special_requests: Collection[str]) -> ProcessTemplate:
    """The template with the steps of what was asked for; the companion sets out and arrives so much earlier.

    A step that the template has already becomes required, with its proof; its time stays.
    """
    for request in (each for each in REQUESTED_STEPS if each in special_requests):
        step = REQUESTED_STEPS[request]
        if any(milestone.code == step.code for milestone in template.milestones):
            milestones = tuple(
                replace(milestone, check_in=step.check_in, required=True) if milestone.code == step.code else milestone
                for milestone in template.milestones
            )
        else:
            milestones = _with_step(template.milestones, step)
        template = replace(template, milestones=milestones)
    return template


def _with_step(milestones: tuple[Milestone, ...], step: Milestone) -> tuple[Milestone, ...]:
    first = [
        replace(milestone, offset_min=milestone.offset_min - step.duration_min)
        for milestone in milestones[: len(FIRST_MILESTONES)]
    ]
    begins = first[-1].offset_min + first[-1].duration_min
    following = milestones[len(FIRST_MILESTONES) :]
    return (*first, replace(step, offset_min=min(begins, following[0].offset_min)), *following)
