"""Check-ins, milestones and the progress that they make."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking import table
from functions.tracking.rules.presence import REFUSAL_TITLES, Coordinates, Point, Refusal, Verdict, in_gcj02
from functions.tracking.rules.progress import CheckInKind, Milestone, MilestoneState, Recorder, VisitState
from functions.tracking.schemas.common import Accuracy, Code, Instant, Latitude, Longitude


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
    photo_file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    """上传后的照片编号；流程要求照片的节点必填。只拍票据和标识，不拍就诊人。"""


class MilestoneChange(Reading, frozen=True, kw_only=True):
    """A step of the visit and what became of it."""

    code: str
    title: str
    state: MilestoneState
    recorded_at: datetime | None
    recorded_by: Recorder | None


class MilestoneView(MilestoneChange, frozen=True, kw_only=True):
    """The same with what proves it: nothing, the geofence, or a photo."""

    check_in: CheckInKind

    @classmethod
    def of(cls, step: Milestone) -> "MilestoneView":
        return cls(
            code=step.code,
            title=step.title,
            state=step.state,
            recorded_at=clock.china(step.recorded_at) if step.recorded_at else None,
            recorded_by=step.recorded_by,
            check_in=step.check_in,
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
