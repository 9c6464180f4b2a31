"""The process template, the timetable made from it, and what to bring (F7, F21, F29)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_MILESTONES = ("departed", "arrived")
LAST_MILESTONE = "ended"


class CheckIn(StrEnum):
    """What proves a milestone: nothing, being inside the campus's fence, or a photo."""

    NONE = "none"
    GEOFENCE = "geofence"
    PHOTO = "photo"


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
