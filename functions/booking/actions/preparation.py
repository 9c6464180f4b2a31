"""Before the visit (F7, F8): the checklist and who ticks it off, the way around the hospital, reminders, steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from functions.booking import table
from functions.booking.events import VisitReminder
from functions.booking.rules import orders, preparation
from functions.booking.rules.itinerary import ProcessTemplate, with_requested_steps
from functions.booking.rules.orders import OrderState
from functions.booking.rules.preparation import PreparationPolicy, ReminderKind
from functions.booking.rules.pricing import LineKind
from functions.booking.table import OrderRow
from functions.booking.table import catalogue as catalogue_rows
from functions.booking.table import preparation as rows
from functions.booking.table.preparation import OrderChecklistRow
from functions.shared import ids
from functions.shared.caller import Caller, Role
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

if TYPE_CHECKING:
    from functions.hospitals.actions import Campus, Department, Hospital
    from functions.hospitals.rules.guide_maps import GuideMap

TIMERS = {ReminderKind.DAY_BEFORE: "visit_reminder", ReminderKind.MORNING: "visit_morning"}


@dataclass(frozen=True)
class Way:
    """Where an order's visit is, and the campus from the inside."""

    hospital: "Hospital"
    campus: "Campus"
    department: "Department"
    guide: "GuideMap"


def process_of(order: OrderRow) -> ProcessTemplate:
    """The steps of the order's visit: those of the version it was quoted with, and those that it asked for (F8)."""
    template = catalogue_rows.process_of_version(order.process_template_id, order.process_version_id)
    assert template is not None, f"{order.process_version_id} was there when the visit was quoted"
    requested = {item.code for item in order.price.items if item.kind is LineKind.SPECIAL_REQUEST}
    return with_requested_steps(template, requested)


def keep_checklist(tx: Tx, order: OrderRow) -> None:
    """A copy of the department's checklist, so that what the client was told does not change under them.

    A department's own list of this hospital outranks the hospital's, and that the template of the department.
    """
    from functions.hospitals import actions as hospitals

    department = hospitals.find_hospital(order.hospital_id).department(order.department_id)
    found = rows.most_specific(
        preparation.places_for(
            hospital_id=order.hospital_id,
            department_id=order.department_id,
            template=department.checklist_template,
        )
    )
    if found is not None:
        key = table.order_checklist_key(order.order_id)
        tx.insert(OrderChecklistRow(*key, checklist=found[1].checklist, ready={}))


def read_checklist(order_id: str, caller: Caller, now: datetime) -> OrderChecklistRow:
    """What to bring, as it was when the order was paid, and what is ready; one BatchGet, and one read for a guest.

    For the client, their companion, staff, and guests who may follow the progress. Raises NotFound, NotReady.
    """
    order, checklist = _load(order_id)
    if Role.GUEST in caller.roles:
        _require_guest(order_id, caller, now)
    elif not (caller.is_staff or caller.subject in (order.client_id, order.companion_id)):
        raise NotFound()
    if checklist is None:
        raise orders.NotReady("付款成功后生成就医清单")
    return checklist


def tick(tx: Tx, *, order_id: str, client_id: str, code: str, is_ready: bool) -> OrderChecklistRow:
    """The client says that an item is ready, or that it is not after all. Raises NotFound, NotReady, IllegalMove."""
    order, checklist = _load(order_id)
    if order.client_id != client_id:
        raise NotFound()
    if checklist is None:
        raise orders.NotReady("付款成功后生成就医清单")
    checklist.ready = preparation.ticked(
        checklist.ready, checklist.checklist, code, is_ready=is_ready, state=order.state, now=tx.now
    )
    tx.save(checklist)
    return checklist


def read_way(order_id: str, caller: Caller) -> Way:
    """For the order's parties and staff: one read, and the directory that the process keeps. NotFound."""
    from functions.hospitals import actions as hospitals

    order = table.find_order(order_id) if ids.is_id("ord", order_id) else None
    if order is None or not (caller.is_staff or caller.subject in (order.client_id, order.companion_id)):
        raise NotFound()
    hospital, campus, guide, _ = hospitals.find_guide_map(order.hospital_id, order.campus_id)
    return Way(hospital, campus, hospital.department(order.department_id), guide)


def schedule_reminders(tx: Tx, order: OrderRow) -> None:
    """Remind of an assigned order's visit at its present time; reminders of an earlier time fall silent by themselves.

    Called when a companion took the order, and when it was moved.
    """
    subject = preparation.reminder_subject(order.order_id, order.starts_at)
    for kind, reminder in rows.policy().reminders().items():
        due_at = preparation.remind_at(reminder, starts_at=order.starts_at, now=tx.now)
        if due_at is not None:
            tx.schedule(Timer(room="booking", kind=TIMERS[kind], subject=subject, due_at=due_at))


def remind(tx: Tx, *, subject: str, kind: ReminderKind) -> None:
    """Tell client and companion; nothing for a visit that moved, that ended or that nobody has taken."""
    order = table.find_order(subject.partition(".")[0])
    if order is None or order.state is not OrderState.ASSIGNED or order.companion_id is None:
        return
    if subject != preparation.reminder_subject(order.order_id, order.starts_at):
        return
    tx.emit(
        VisitReminder(
            order_id=order.order_id,
            client_id=order.client_id,
            companion_id=order.companion_id,
            starts_at=order.starts_at,
            reminder=kind,
        )
    )


def put_preparation_policy(tx: Tx, policy: PreparationPolicy) -> None:
    """Replace when people are reminded; timers that are set stay."""
    row = rows.find_policy_row()
    row.policy = policy
    tx.save(row)


def _load(order_id: str) -> tuple[OrderRow, OrderChecklistRow | None]:
    if not ids.is_id("ord", order_id):
        raise NotFound()
    order, checklist = rows.order_with_checklist(order_id)
    if order is None:
        raise NotFound()
    return order, checklist


def _require_guest(order_id: str, guest: Caller, now: datetime) -> None:
    from functions.accounts import actions as accounts

    if guest.order_id != order_id:
        raise NotFound()
    accounts.require_guest(guest_access_id=guest.subject, order_id=order_id, scope="progress", now=now)
