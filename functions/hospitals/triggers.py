"""What hospitals hear: emergency calls, and the silence of a desk."""

from typing import Any

from chalice.app import Blueprint

from functions.hospitals.actions import emergencies
from functions.hospitals.events import EmergencyContactDue
from functions.shared.consumer import Subscriptions
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking.events import EmergencyCalled

bp = Blueprint("app")
bus = Subscriptions("hospitals")


@bp.lambda_function(name="hospitals_events")
def hospitals_events(event: dict[str, Any], context: Any) -> None:
    """Bus events and timers of this room."""
    bus.handle(event)


@bus.on(EmergencyCalled)
def open_case(tx: Tx, event: EmergencyCalled) -> None:
    """Somebody needs help at this hospital."""
    emergencies.open_case(
        tx,
        emergencies.Call(
            call_id=event.call_id,
            visit_id=event.visit_id,
            order_id=event.order_id,
            client_id=event.client_id,
            companion_id=event.companion_id,
            hospital_id=event.hospital_id,
            campus_id=event.campus_id,
            department_id=event.department_id,
            called_at=event.called_at,
        ),
    )


@bus.on(EmergencyContactDue)
def ring_contact(tx: Tx, event: EmergencyContactDue) -> None:
    """Tell one contact."""
    emergencies.ring_contact(tx, call_id=event.call_id, contact_number=event.contact_number)


@bus.timer("desk_silent")
def hear_silence(tx: Tx, timer: Timer) -> None:
    """The desk has not taken an emergency call in time: tell the next contact, after the last one our staff."""
    emergencies.hear_silence(tx, call_id=timer.subject, due_at=timer.due_at)
