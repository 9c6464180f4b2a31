"""Check-ins, milestones and the progress that they make."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking import table
from functions.tracking.actions.check_ins import Sealed
from functions.tracking.rules.amendments import CorrectionReason
from functions.tracking.rules.presence import REFUSAL_TITLES, Coordinates, Point, Refusal, Verdict, in_gcj02
from functions.tracking.rules.progress import (
    SKIP_TITLES,
    CheckInKind,
    Milestone,
    MilestoneState,
    Recorder,
    SkipReason,
    VisitState,
)
from functions.tracking.schemas.common import Accuracy, Code, Instant, Latitude, Longitude


class CheckInBody(Body, frozen=True, kw_only=True):
    """打卡：在节点 `node` 处证明自己在场。"""

    node: Code
    lat: Latitude
    lng: Longitude
    accuracy_m: Accuracy
    coordinates: Coordinates
    captured_at: Instant
    sent_at: Instant | None = None
    """手机此刻显示的时间；离线后补传或手机时间不准时，据此换算打卡时刻。"""
    mock: bool = False
    """手机报告这是虚拟定位。"""

    @property
    def point(self) -> Point:
        """In the datum of storage."""
        return in_gcj02(Point(self.lat, self.lng), self.coordinates)


Note = Annotated[str, msgspec.Meta(min_length=1, max_length=200, description="备注，加密保存；客服代为操作时必填")]


class MilestoneBody(Body, frozen=True, kw_only=True):
    """记录一个节点；离线时带上手机记录的时刻。客服代为记录时不需凭证，`note` 必填，写明原因。"""

    code: Code
    recorded_at: Instant | None = None
    sent_at: Instant | None = None
    """手机此刻显示的时间；手机时间不准时，据此换算记录时刻。"""
    note: Note | None = None
    photo_file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    """上传后的照片编号；流程要求照片的节点必填。只拍票据和标识，不拍就诊人。"""


class SkipBody(Body, frozen=True, kw_only=True):
    """跳过下一个节点的原因；必经节点仅客服可跳过。"""

    reason: SkipReason
    note: Note | None = None


class CorrectionBody(Body, frozen=True, kw_only=True):
    """更正已记录的时刻；原时刻保留，更正对所有人可见。"""

    recorded_at: Instant
    reason: CorrectionReason
    note: Note | None = None


class OverrideBody(Body, frozen=True, kw_only=True):
    """客服确认在场的理由，留痕；客户看得到是客服确认的。"""

    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=200, pattern=r"\S")]


class MilestoneChange(Reading, frozen=True, kw_only=True):
    """A step of the visit and what became of it: who recorded or skipped it, who answers for the presence (null: nobody
    had to), what time was recorded first if it was corrected."""

    code: str
    title: str
    state: MilestoneState
    recorded_at: datetime | None
    recorded_by: Recorder | None
    proved_by: Recorder | None
    corrected_from: datetime | None
    skip_reason: SkipReason | None
    skip_reason_title: str | None

    @classmethod
    def told(cls, step: Milestone) -> "MilestoneChange":
        return MilestoneChange(**_of(step))


def _of(step: Milestone) -> dict[str, Any]:
    return {
        "code": step.code,
        "title": step.title,
        "state": step.state,
        "recorded_at": clock.china(step.recorded_at) if step.recorded_at else None,
        "recorded_by": step.recorded_by,
        "proved_by": step.proved_by,
        "corrected_from": clock.china(step.corrected_from) if step.corrected_from else None,
        "skip_reason": step.skip_reason,
        "skip_reason_title": SKIP_TITLES[step.skip_reason] if step.skip_reason else None,
    }


class MilestoneView(MilestoneChange, frozen=True, kw_only=True):
    """The same with what proves it (nothing, the geofence, a photo, or both), and whether it may be skipped."""

    check_in: CheckInKind
    required: bool

    @classmethod
    def of(cls, step: Milestone) -> "MilestoneView":
        return cls(**_of(step), check_in=step.check_in, required=step.required)


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


class AttemptView(Reading, frozen=True, kw_only=True):
    """一次打卡：被拒的也在内。位置加密保存，只给出到院区中心的距离；`clock_skew_s` 为手机比服务器快的秒数。"""

    node: str
    result: Literal["accepted", "refused"]
    reason: Refusal | None
    message: str
    distance_m: int
    accuracy_m: float
    captured_at: datetime
    device_at: datetime
    received_at: datetime
    clock_skew_s: int | None
    clock_doubtful: bool

    @classmethod
    def of(cls, attempt: Sealed) -> "AttemptView":
        row = attempt.row
        reason = Refusal(row.refusal) if row.refusal else None
        return cls(
            node=row.code,
            result="refused" if reason else "accepted",
            reason=reason,
            message=REFUSAL_TITLES[reason] if reason else "打卡成功",
            distance_m=attempt.distance_m,
            accuracy_m=attempt.accuracy_m,
            captured_at=clock.china(row.captured_at),
            device_at=clock.china(row.device_at),
            received_at=clock.china(row.received_at),
            clock_skew_s=None if row.skew_s is None else int(row.skew_s),
            clock_doubtful=bool(row.is_doubtful),
        )
