"""Calling for help, and following what becomes of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from functions.hospitals.actions import DeskPhone
from functions.hospitals.rules.emergencies import EmergencyState
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading
from functions.tracking.actions.emergencies import Position
from functions.tracking.rules import emergencies as rules
from functions.tracking.rules.access import Standing
from functions.tracking.rules.emergencies import Channel, EmergencyKind, Outcome, PositionSource, Reached, Recipient
from functions.tracking.rules.presence import Coordinates, Point, in_gcj02
from functions.tracking.schemas.common import Latitude, Longitude
from functions.tracking.table.emergencies import EmergencyCall


class GivenPosition(Body, frozen=True, kw_only=True):
    """求助位置；坐标系默认 gcj02（wx.getLocation 的 gcj02）。"""

    lat: Latitude
    lng: Longitude
    accuracy_m: Annotated[float, msgspec.Meta(ge=0, description="定位精度，米")] | None = None
    coordinates: Coordinates = Coordinates.GCJ02

    def to_position(self, now: datetime) -> Position:
        """In the datum of storage."""
        point = in_gcj02(Point(self.lat, self.lng), self.coordinates)
        return Position(point.lat, point.lng, self.accuracy_m, PositionSource.REPORTED, now)


class EmergencyBody(Body, frozen=True, kw_only=True):
    """紧急求助。全部可以不填：一个空对象也会被受理。"""

    kind: EmergencyKind | None = None
    position: GivenPosition | None = None


class WayView(Reading, frozen=True, kw_only=True):
    """一种通知方式的结果。`written` 是站内信已写入但未读，不算通知到。"""

    channel: Channel
    title: Annotated[str, msgspec.Meta(description="急救台联系人；其他方式为空")]
    outcome: Outcome
    at: datetime


class ReachedView(Reading, frozen=True, kw_only=True):
    """一方是否通知到；对方系统收下或本人已读才算 notified。"""

    recipient: Recipient
    outcome: Reached
    ways: list[WayView]


class PhoneView(Reading, frozen=True, kw_only=True):
    """急救台电话，可直接拨打。"""

    title: str
    phone: str


class EmergencyView(Reading, frozen=True, kw_only=True):
    """一次紧急求助。先看 hotline 和 advice，再看谁通知到了、谁没有。"""

    hotline: str
    advice: str
    said: Annotated[str, msgspec.Meta(description="送达情况的一句话")]
    call_id: str
    visit_id: str
    state: EmergencyState
    joined: Annotated[bool, msgspec.Meta(description="并入了已经在处理的求助")]
    called_by: Standing
    called_at: datetime
    position_recorded: bool
    condition_shared: Annotated[bool | None, msgspec.Meta(description="病情摘要是否已按授权提供；null 为尚在确认")]
    reached: list[ReachedView]
    desk: Annotated[list[PhoneView], msgspec.Meta(description="急救台电话；发起求助的应答里为空，随后查询可得")]
    acknowledged_at: datetime | None
    en_route_at: datetime | None
    resolved_at: datetime | None
    unanswered_at: Annotated[datetime | None, msgspec.Meta(description="急救台无人接警、已升级给平台客服的时刻")]
    version: int

    @classmethod
    def of(cls, call: EmergencyCall, *, joined: bool = False, desk: Sequence[DeskPhone] = ()) -> "EmergencyView":
        return cls(
            hotline=rules.HOTLINE,
            advice=rules.ADVICE,
            said=rules.said(call.attempts, is_taken=call.state != EmergencyState.CALLED),
            call_id=call.call_id,
            visit_id=call.visit_id,
            state=EmergencyState(call.state),
            joined=joined,
            called_by=Standing(call.called_by),
            called_at=clock.china(call.called_at),
            position_recorded=bool(call.position_recorded),
            condition_shared=call.condition_shared,
            reached=reached_of(call),
            desk=[PhoneView(title=each.title, phone=each.phone) for each in desk],
            acknowledged_at=_china(call.acknowledged_at),
            en_route_at=_china(call.en_route_at),
            resolved_at=_china(call.resolved_at),
            unanswered_at=_china(call.unanswered_at),
            version=int(call.version),
        )


class EmergencyList(Reading, frozen=True, kw_only=True):
    """新的在前。"""

    items: list[EmergencyView]


def reached_of(call: EmergencyCall) -> list[ReachedView]:
    """Who has and has not been reached, and how it was tried."""
    return [
        ReachedView(
            recipient=recipient,
            outcome=outcome,
            ways=[
                WayView(channel=each.channel, title=each.title, outcome=each.outcome, at=clock.china(each.at))
                for each in call.attempts
                if each.recipient is recipient
            ],
        )
        for recipient, outcome in rules.reached(call.attempts).items()
    ]


def _china(at: datetime | None) -> datetime | None:
    return clock.china(at) if at else None
