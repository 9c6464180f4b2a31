"""Who may look at a visit."""

from datetime import datetime

from functions.shared import ids
from functions.shared.caller import Caller, Role
from functions.tracking import table
from functions.tracking.rules.access import VOUCHES, Scope, Standing, standing_of
from functions.tracking.rules.progress import Recorder, VisitNotFound


def load_visit(visit_id: str) -> table.Visit:
    """The visit; VisitNotFound if there is none or the id is not one. One GetItem."""
    visit = table.find_visit_row(visit_id) if ids.is_id("vis", visit_id) else None
    if visit is None:
        raise VisitNotFound()
    return visit


def load_own_visit(visit_id: str, *, companion_id: str) -> table.Visit:
    """The visit if this companion does it; VisitNotFound otherwise."""
    visit = load_visit(visit_id)
    if visit.companion_id != companion_id:
        raise VisitNotFound()
    return visit


def load_for_recording(visit_id: str, sha256: str | None) -> tuple[table.Visit, table.PhotoUse | None]:
    """The visit, and who first used the picture with this hash: one read. VisitNotFound."""
    visit, use = table.find_for_recording(visit_id, sha256) if ids.is_id("vis", visit_id) else (None, None)
    if visit is None:
        raise VisitNotFound()
    return visit, use


def recorder_of(visit: table.Visit, caller: Caller) -> Recorder:
    """In what capacity the caller changes the progress: its companion's, or staff's; VisitNotFound for others."""
    if Role.COMPANION in caller.roles and visit.companion_id == caller.subject:
        return Recorder.COMPANION
    if VOUCHES & set(caller.roles):
        return Recorder.STAFF
    raise VisitNotFound()


def require_viewer(visit: table.Visit, caller: Caller, scope: Scope, now: datetime) -> Standing:
    """The caller's part in the visit.

    VisitNotFound for strangers; for a guest whose pass ended or lacks `scope`, what `accounts` says of it (one read).
    """
    standing = standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)
    if standing is None:
        raise VisitNotFound()
    if standing is Standing.GUEST:
        require_pass(caller, scope, now)
    return standing


def require_pass(guest: Caller, scope: Scope, now: datetime) -> None:
    """Ask `accounts` whether a guest's pass still stands and covers `scope` (F11)."""
    from functions.accounts import actions as accounts

    accounts.require_guest(guest_access_id=guest.subject, order_id=guest.order_id, scope=str(scope), now=now)
