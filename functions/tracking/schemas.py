"""Requests and answers of the visit, and the messages of the live channel."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking import table
from functions.tracking.rules import sharing
from functions.tracking.rules.presence import REFUSAL_TITLES, Coordinates, Point, Refusal, Verdict, in_gcj02
from functions.tracking.rules.progress import Milestone, MilestoneState, Recorder, VisitState
from functions.tracking.rules.sharing import SharedPosition

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90, description="纬度，度")]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180, description="经度，度")]
Accuracy = Annotated[float, msgspec.Meta(ge=0, le=100_000, description="定位精度，米")]
Instant = Annotated[datetime, msgspec.Meta(tz=True, description="手机记录的时刻，带时区")]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, description="流程节点代码")]
MAX_POINTS = 100


class CheckInBody(Body, frozen=True, kw_only=True):
    """打卡：在节点 `node` 处证明自己在场。"""

    node: Code
    lat: Latitude
    lng: Longitude
    accuracy_m: Accuracy
    coordinates: Coordinates
    captured_at: Instant

    @property
    def point(self) -> Point:
        """In the datum of storage."""
        return in_gcj02(Point(self.lat, self.lng), self.coordinates)


class MilestoneBody(Body, frozen=True, kw_only=True):
    """记录一个节点；离线时带上手机记录的时刻。"""

    code: Code
    recorded_at: Instant | None = None
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="备注，加密保存")] | None = None


class PositionPoint(Body, frozen=True, kw_only=True):
    """One reading of the phone."""

    lat: Latitude
    lng: Longitude
    accuracy_m: Accuracy
    captured_at: Instant
    mock: bool = False


class PositionsBody(Body, frozen=True, kw_only=True):
    """一批位置，可以乱序、可以重复；离线期间的也可以补传。"""

    points: Annotated[list[PositionPoint], msgspec.Meta(min_length=1, max_length=MAX_POINTS)]
    coordinates: Coordinates

    def readings(self) -> list[sharing.Reading]:
        """In the datum of storage."""
        readings = []
        for sent in self.points:
            point = in_gcj02(Point(sent.lat, sent.lng), self.coordinates)
            readings.append(
                sharing.Reading(
                    lat=point.lat,
                    lng=point.lng,
                    accuracy_m=sent.accuracy_m,
                    captured_at=sent.captured_at,
                    mock=sent.mock,
                )
            )
        return readings


class MilestoneView(Reading, frozen=True, kw_only=True):
    """A step of the visit and what became of it."""

    code: str
    title: str
    state: MilestoneState
    recorded_at: datetime | None
    recorded_by: Recorder | None

    @classmethod
    def of(cls, step: Milestone) -> "MilestoneView":
        return cls(
            code=step.code,
            title=step.title,
            state=step.state,
            recorded_at=clock.china(step.recorded_at) if step.recorded_at else None,
            recorded_by=step.recorded_by,
        )


class VisitView(Reading, frozen=True, kw_only=True):
    """The progress of a visit. `version` is its sequence: an ETag that changes only when the progress does."""

    visit_id: str
    order_id: str
    state: VisitState
    milestones: list[MilestoneView]
    sequence: int
    version: int

    @classmethod
    def of(cls, visit: table.Visit) -> "VisitView":
        return cls(
            visit_id=visit.visit_id,
            order_id=visit.order_id,
            state=VisitState(visit.state),
            milestones=[MilestoneView.of(step) for step in visit.milestones],
            sequence=int(visit.sequence),
            version=int(visit.sequence),
        )


class CheckInView(Reading, frozen=True, kw_only=True):
    """What the attempt was worth; shown to the companion only."""

    node: str
    result: Literal["accepted", "refused"]
    reason: Refusal | None
    message: str
    distance_m: int

    @classmethod
    def of(cls, node: str, verdict: Verdict) -> "CheckInView":
        return cls(
            node=node,
            result="accepted" if verdict.reason is None else "refused",
            reason=verdict.reason,
            message=REFUSAL_TITLES[verdict.reason] if verdict.reason else "打卡成功",
            distance_m=verdict.distance_m,
        )


class UploadView(Reading, frozen=True, kw_only=True):
    """How many points were kept; the others were repeated, or taken outside the visit."""

    accepted: int
    dropped: int


class PositionView(Reading, frozen=True, kw_only=True):
    """The coarse cell: its H3 index, its centre (GCJ-02), and the start of the interval in which it was observed."""

    cell: str
    lat: float
    lng: float
    observed_at: datetime

    @classmethod
    def of(cls, shared: SharedPosition) -> "PositionView":
        return cls(
            cell=shared.cell.index,
            lat=shared.cell.lat,
            lng=shared.cell.lng,
            observed_at=clock.china(shared.observed_at),
        )


# the live channel, from the phone -----------------------------------------------------------------------------------
class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="asked"):
    """Base of what a socket may ask."""


class Subscribe(Asked, frozen=True, kw_only=True, tag="subscribe"):
    """Follow a visit, and hear what changed after `after_sequence`."""

    visit_id: Annotated[str, msgspec.Meta(max_length=64)]
    after_sequence: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class Unsubscribe(Asked, frozen=True, kw_only=True, tag="unsubscribe"):
    """Stop following one visit, or all."""

    visit_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Ping(Asked, frozen=True, kw_only=True, tag="ping"):
    """Keeps the socket open (API Gateway closes it after ten idle minutes)."""


# the live channel, to the phone -------------------------------------------------------------------------------------
class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="told"):
    """Base of what a socket is told."""


class Pong(Told, frozen=True, kw_only=True, tag="pong"):
    """The answer to a ping."""


class Subscribed(Told, frozen=True, kw_only=True, tag="visit.subscribed"):
    """The visit is followed; what was missed, up to `sequence`, comes next."""

    visit_id: str
    sequence: int


class Unsubscribed(Told, frozen=True, kw_only=True, tag="visit.unsubscribed"):
    """Nothing more comes of this visit (null: of any)."""

    visit_id: str | None


class ProgressTold(Told, frozen=True, kw_only=True, tag="visit.progressed"):
    """One change. `milestone` is null when the order's closing or the report caused it."""

    visit_id: str
    sequence: int
    state: VisitState
    milestone: MilestoneView | None

    @classmethod
    def of(cls, change: table.History) -> "ProgressTold":
        milestone = None
        if change.code and change.title and change.recorded_at and change.recorded_by:
            milestone = MilestoneView(
                code=change.code,
                title=change.title,
                state=MilestoneState.RECORDED,
                recorded_at=clock.china(change.recorded_at),
                recorded_by=Recorder(change.recorded_by),
            )
        return cls(
            visit_id=str(change.pk),
            sequence=int(change.sequence),
            state=VisitState(change.state),
            milestone=milestone,
        )


class PositionTold(Told, frozen=True, kw_only=True, tag="visit.position"):
    """The companion's coarse cell, as `GET /visits/{visit_id}/position` shows it."""

    visit_id: str
    cell: str
    lat: float
    lng: float
    observed_at: datetime

    @classmethod
    def of(cls, visit_id: str, shared: SharedPosition) -> "PositionTold":
        return cls(
            visit_id=visit_id,
            cell=shared.cell.index,
            lat=shared.cell.lat,
            lng=shared.cell.lng,
            observed_at=clock.china(shared.observed_at),
        )


class AccessEnded(Told, frozen=True, kw_only=True, tag="visit.access_ended"):
    """The guest's pass was revoked or ran out."""

    visit_id: str


class Refused(Told, frozen=True, kw_only=True, tag="error"):
    """What was asked cannot be done."""

    code: str
    title: str
