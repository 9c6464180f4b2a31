"""A hospital's emergency desk (F34): told contact by contact until somebody takes the call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.hospitals.events import (
    EmergencyContactDue,
    EmergencyDeskContacted,
    EmergencyDeskMoved,
    EmergencyUnanswered,
)
from functions.hospitals.rules import emergencies as rules
from functions.hospitals.rules.emergencies import DeskPolicy, EmergencyNotFound, EmergencyState, Ring
from functions.hospitals.table import desks as table
from functions.hospitals.table.desks import CaseRow, DeskRow
from functions.shared import audit, clock, observe, webhooks
from functions.shared.caller import Caller, Role
from functions.shared.endpoints import Attempt, target_of
from functions.shared.events import Timer
from functions.shared.tx import Tx


@dataclass(frozen=True)
class DeskPhone:
    """Whom people may phone themselves, in this order."""

    title: str
    phone: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """What the visit says of an emergency call."""

    call_id: str
    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    hospital_id: str
    campus_id: str
    department_id: str
    called_at: datetime


def put_desk(
    tx: Tx,
    *,
    hospital_id: str,
    contacts: Sequence[Mapping[str, Any]],
    acknowledge_within_s: int | None = None,
    message_timeout_s: int | None = None,
) -> None:
    """Set up a hospital's desk or replace it, in the shape of the seed. UnsafeEndpoint.

    A contact has `contact_id`, `title`, `phone`, and if it takes messages `url` and `secret` (`whsec_…`).
    """
    for contact in contacts:
        if contact.get("url"):
            target_of(contact["url"], webhooks.trusted_hosts())
    given = {"acknowledge_within_s": acknowledge_within_s, "message_timeout_s": message_timeout_s}
    row = table.find_desk(hospital_id) or DeskRow(*table.desk_key(hospital_id))
    row.policy = DeskPolicy(**{name: value for name, value in given.items() if value is not None})
    row.contacts = tuple(
        table.sealed_contact(
            contact_id=contact["contact_id"],
            title=contact["title"],
            phone=contact["phone"],
            url=contact.get("url"),
            secret=contact.get("secret"),
        )
        for contact in contacts
    )
    tx.save(row)


def desk_phones(hospital_id: str) -> list[DeskPhone]:
    """The desk's numbers, up to a minute old; empty for a hospital without a desk."""
    desk = table.kept_desk(hospital_id)
    return [DeskPhone(contact.title, contact.phone) for contact in desk.contacts] if desk else []


def open_case(tx: Tx, call: Call) -> None:
    """The call is on the desk, and its first contact is told; without a desk our staff are told at once."""
    if table.find_case(call.call_id) is not None:
        return
    case = CaseRow(
        *table.case_key(call.call_id),
        call_id=call.call_id,
        visit_id=call.visit_id,
        order_id=call.order_id,
        client_id=call.client_id,
        companion_id=call.companion_id,
        hospital_id=call.hospital_id,
        campus_id=call.campus_id,
        department_id=call.department_id,
        called_at=call.called_at,
    )
    desk = table.find_desk(call.hospital_id)
    if desk is None or not desk.contacts:
        _tell_outcome(tx, case, title="", outcome=Ring.NOT_CONFIGURED)
    _ring_next(tx, case, desk)
    tx.insert(case)
    tx.insert(table.CaseLineRow(*table.line_key(call.hospital_id, call.call_id)))


def ring_contact(tx: Tx, *, call_id: str, contact_number: int) -> None:
    """Send the signed message to one contact and say what came of it; who cannot be reached is not waited for."""
    case = table.find_case(call_id)
    if case is None or case.state != EmergencyState.CALLED or case.contact_number != contact_number:
        return
    if case.rung_number >= contact_number:
        return
    case.rung_number = contact_number
    desk = table.find_desk(case.hospital_id)
    if desk is None or contact_number >= len(desk.contacts):
        _ring_next(tx, case, desk)
        tx.save(case)
        return
    contact = desk.contacts[contact_number]
    outcome = Ring.NOT_CONFIGURED
    if contact.url is not None:
        attempt = tx.once("message", lambda: _send(case, desk, contact_number))
        case.attempts = (*case.attempts, attempt)
        outcome = Ring.NOTIFIED if attempt.is_accepted else Ring.UNREACHABLE
    _tell_outcome(tx, case, title=contact.title, outcome=outcome)
    if outcome is not Ring.NOTIFIED:
        observe.count("EmergencyContactUnreachable")
        _ring_next(tx, case, desk)
    tx.save(case)


def hear_silence(tx: Tx, *, call_id: str, due_at: datetime) -> None:
    """A contact's time is up: if nobody took the call, the next one is told. A timer of an earlier contact is late."""
    case = table.find_case(call_id)
    if case is None or case.state != EmergencyState.CALLED or case.due_at != due_at:
        return
    _ring_next(tx, case, table.find_desk(case.hospital_id))
    tx.save(case)


def move_case(tx: Tx, *, hospital_id: str, call_id: str, to: EmergencyState, caller: Caller) -> CaseRow:
    """Acknowledged, en route or resolved: by the hospital, or by staff who have it on the phone.

    Saying it again changes nothing. Raises EmergencyNotFound, EmergencyMovedOn.
    """
    case = _own_case(hospital_id, call_id, caller)
    if not rules.moved(EmergencyState(case.state), to):
        return case
    case.state, case.due_at = to, None
    case.taken_by_staff = caller.is_staff
    setattr(case, _STAMPS[to], tx.now)
    tx.save(case)
    audit.record(tx, actor=caller.subject, act=f"emergency.{to}", subject=call_id)
    tx.emit(
        EmergencyDeskMoved(
            call_id=call_id,
            visit_id=case.visit_id,
            order_id=case.order_id,
            client_id=case.client_id,
            companion_id=case.companion_id,
            state=to,
            by_staff=caller.is_staff,
            at=tx.now,
        )
    )
    return case


def list_cases(
    *, hospital_id: str, caller: Caller, limit: int, after: str | None
) -> tuple[Sequence[CaseRow], str | None]:
    """The desk's calls, newest first, and where to go on. EmergencyNotFound for another hospital's."""
    _check_desk(hospital_id, caller)
    return table.cases_of(hospital_id, limit=limit, after=after)


def read_case(tx: Tx, *, hospital_id: str, call_id: str, caller: Caller) -> CaseRow:
    """One call, for the desk or staff; the look is recorded, for what is shown with it is the patient's."""
    case = _own_case(hospital_id, call_id, caller)
    audit.record(tx, actor=caller.subject, act="emergency.viewed", subject=call_id)
    return case


_STAMPS: Mapping[EmergencyState, str] = {
    EmergencyState.ACKNOWLEDGED: "acknowledged_at",
    EmergencyState.EN_ROUTE: "en_route_at",
    EmergencyState.RESOLVED: "resolved_at",
}


def _ring_next(tx: Tx, case: CaseRow, desk: DeskRow | None) -> None:
    following = rules.next_contact(int(case.contact_number), len(desk.contacts) if desk else 0)
    if desk is not None and following is not None:
        case.contact_number, case.due_at = following, desk.policy.due_at(tx.now)
        tx.emit(EmergencyContactDue(call_id=case.call_id, contact_number=following))
        tx.schedule(Timer(room="hospitals", kind="desk_silent", subject=case.call_id, due_at=case.due_at))
        return
    case.due_at = None
    if case.unanswered_at is None:
        case.unanswered_at = tx.now
        observe.count("EmergencyUnanswered")
        observe.logger().error("emergency call unanswered", extra={"call_id": case.call_id})
        tx.emit(
            EmergencyUnanswered(
                call_id=case.call_id,
                visit_id=case.visit_id,
                order_id=case.order_id,
                hospital_id=case.hospital_id,
                at=tx.now,
            )
        )


def _send(case: CaseRow, desk: DeskRow, number: int) -> Attempt:
    contact = desk.contacts[number]
    body = rules.message(
        call_id=case.call_id,
        visit_id=case.visit_id,
        hospital_id=case.hospital_id,
        campus_id=case.campus_id,
        department_id=case.department_id,
        called_at=case.called_at,
        contact_number=number,
    )
    assert contact.url is not None
    return webhooks.deliver(
        url=contact.url,
        secret=table.secret_of(contact),
        webhook_id=f"{case.call_id}.{number}",
        body=body,
        now=clock.now(),
        timeout_s=desk.policy.message_timeout_s,
    )


def _tell_outcome(tx: Tx, case: CaseRow, *, title: str, outcome: Ring) -> None:
    tx.emit(
        EmergencyDeskContacted(
            call_id=case.call_id, visit_id=case.visit_id, contact_title=title, outcome=outcome, at=tx.now
        )
    )


def _own_case(hospital_id: str, call_id: str, caller: Caller) -> CaseRow:
    _check_desk(hospital_id, caller)
    case = table.find_case(call_id)
    if case is None or case.hospital_id != hospital_id:
        raise EmergencyNotFound()
    return case


def _check_desk(hospital_id: str, caller: Caller) -> None:
    if Role.HOSPITAL in caller.roles and caller.subject != hospital_id:
        raise EmergencyNotFound()
