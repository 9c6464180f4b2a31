"""The exact trail for staff, who opened it, and what holds it."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking import table
from functions.tracking.actions.trails import OpenedTrail
from functions.tracking.rules.trail import Hold
from functions.tracking.schemas.common import Instant

Reason = Annotated[str, msgspec.Meta(min_length=4, max_length=200, description="原因，委托人可以看到")]
ROLE_TITLES = {"admin": "管理员", "agent": "客服"}


class OpenTrailBody(Body, frozen=True, kw_only=True):
    """查看精确轨迹的原因；`after` 为上一次返回的 next_after。"""

    reason: Reason
    after: Instant | None = None


class TrailPoint(Reading, frozen=True, kw_only=True):
    """一个精确位置（GCJ-02）。`mock` 手机称为模拟位置；`jump` 与前一位置相距过远，不可能到达。"""

    lat: float
    lng: float
    accuracy_m: float
    captured_at: datetime
    mock: bool
    jump: bool


class TrailView(Reading, frozen=True, kw_only=True):
    """精确轨迹，按时间先后，每次至多 2000 个位置；还有更多时 `next_after` 不为空。"""

    items: list[TrailPoint]
    next_after: datetime | None

    @classmethod
    def of(cls, opened: OpenedTrail) -> "TrailView":
        points = [
            TrailPoint(
                lat=each.lat,
                lng=each.lng,
                accuracy_m=each.accuracy_m,
                captured_at=clock.china(each.captured_at),
                mock=each.mock,
                jump=each.jump,
            )
            for each in opened.readings
        ]
        return cls(items=points, next_after=clock.china(opened.next_after) if opened.next_after else None)


class TrailAccessView(Reading, frozen=True, kw_only=True):
    """平台人员何时、为何查看了精确轨迹。"""

    opened_at: datetime
    opened_by: str
    reason: str

    @classmethod
    def of(cls, row: table.TrailAccess) -> "TrailAccessView":
        title = ROLE_TITLES.get(row.role, "平台人员")
        return cls(opened_at=clock.china(row.opened_at), opened_by=title, reason=row.reason)


class HoldBody(Body, frozen=True, kw_only=True):
    """为何保留这次陪诊的轨迹与打卡证据；不写 `until` 则保留到解除为止。"""

    reason: Reason
    until: Instant | None = None


class ReleaseBody(Body, frozen=True, kw_only=True):
    """为何解除保留。"""

    reason: Reason


class HoldView(Reading, frozen=True, kw_only=True):
    """一项证据保留。"""

    hold_id: str
    by: str
    reason: str
    held_at: datetime
    until: datetime | None

    @classmethod
    def of(cls, hold_id: str, hold: Hold) -> "HoldView":
        return cls(
            hold_id=hold_id,
            by=hold.by,
            reason=hold.reason,
            held_at=clock.china(hold.held_at),
            until=clock.china(hold.until) if hold.until else None,
        )


class HoldList(Reading, frozen=True, kw_only=True):
    """这次陪诊的证据保留；为空则证据到期删除。"""

    items: list[HoldView]
