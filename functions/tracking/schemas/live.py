"""The live channel: what a socket may ask (`Asked`), and what it is told (`Told`)."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.shared import clock
from functions.tracking import table
from functions.tracking.rules.amendments import CORRECTION_TITLES, Change, CorrectionReason
from functions.tracking.rules.progress import VisitState
from functions.tracking.rules.sharing import SharedPosition
from functions.tracking.schemas.visits import MilestoneChange


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="asked"):
    """Base of what a socket may ask."""


class Subscribe(Asked, frozen=True, kw_only=True, tag="subscribe"):
    """Follow a visit, and hear what changed after `after_sequence`."""

    visit_id: Annotated[str, msgspec.Meta(max_length=64)]
    after_sequence: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0


class Unsubscribe(Asked, frozen=True, kw_only=True, tag="unsubscribe"):
    """Stop following one visit, or all."""

    visit_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class SubscribeDesk(Asked, frozen=True, kw_only=True, tag="subscribe_desk"):
    """For a hospital: hear of the emergency calls at its own desk."""


class Ping(Asked, frozen=True, kw_only=True, tag="ping"):
    """Keeps the socket open (API Gateway closes it after ten idle minutes)."""


class Renew(Asked, frozen=True, kw_only=True, tag="renew"):
    """Shows a newer access token of the same caller: the one that opened the socket runs out after 15 minutes."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=3000)]


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="told"):
    """Base of what a socket is told."""


class Pong(Told, frozen=True, kw_only=True, tag="pong"):
    """The answer to a ping."""


class Subscribed(Told, frozen=True, kw_only=True, tag="visit.subscribed"):
    """The visit is followed; what was missed, up to `sequence`, comes next."""

    visit_id: str
    sequence: int


class DeskSubscribed(Told, frozen=True, kw_only=True, tag="emergency_desk.subscribed"):
    """The desk is told of every emergency call from now on."""

    hospital_id: str


class Unsubscribed(Told, frozen=True, kw_only=True, tag="visit.unsubscribed"):
    """Nothing more comes of this visit (null: of any)."""

    visit_id: str | None


class ProgressTold(Told, frozen=True, kw_only=True, tag="visit.progressed"):
    """One change, and the milestone as it was then. `milestone` and `change` are null when the order's closing or the
    report caused it; `reason` is a correction's."""

    visit_id: str
    sequence: int
    state: VisitState
    change: Change | None
    milestone: MilestoneChange | None
    reason: str | None
    reason_title: str | None

    @classmethod
    def of(cls, change: table.History) -> "ProgressTold":
        return cls(
            visit_id=str(change.pk),
            sequence=int(change.sequence),
            state=VisitState(change.state),
            change=Change(change.change) if change.change else None,
            milestone=MilestoneChange.told(change.step) if change.step else None,
            reason=change.reason,
            reason_title=CORRECTION_TITLES[CorrectionReason(change.reason)] if change.reason else None,
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


class SessionExpired(Told, frozen=True, kw_only=True, tag="session.expired"):
    """The access token ran out: nothing more comes of this visit until `renew` and another `subscribe`."""

    visit_id: str


class Renewed(Told, frozen=True, kw_only=True, tag="session.renewed"):
    """The socket is good until then."""

    expires_at: datetime


class Refused(Told, frozen=True, kw_only=True, tag="error"):
    """What was asked cannot be done."""

    code: str
    title: str
