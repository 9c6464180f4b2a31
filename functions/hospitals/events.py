"""What hospitals' emergency desks tell the other rooms. Never where or how a patient is."""

from datetime import datetime

from functions.shared.events import Event


class EmergencyContactDue(Event, frozen=True, kw_only=True, tag="emergency.contact_due"):
    """A contact of the desk is to be told now: to this room itself, so that one slow contact holds up nothing else."""

    call_id: str
    contact_number: int


class EmergencyDeskContacted(Event, frozen=True, kw_only=True, tag="emergency.desk_contacted"):
    """A contact of the desk was told, or could not be. `outcome`: notified, unreachable, not_configured."""

    call_id: str
    visit_id: str
    contact_title: str
    """Empty where the hospital has no desk."""
    outcome: str
    at: datetime


class EmergencyUnanswered(Event, frozen=True, kw_only=True, tag="emergency.unanswered"):
    """Every contact was told, none has taken the call in time: our own staff must phone now."""

    call_id: str
    visit_id: str
    order_id: str
    hospital_id: str
    at: datetime


class EmergencyDeskMoved(Event, frozen=True, kw_only=True, tag="emergency.desk_moved"):
    """The desk (or staff who have it on the phone) took the call, sent help, or closed it.

    `state`: acknowledged, en_route, resolved.
    """

    call_id: str
    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    state: str
    by_staff: bool
    at: datetime
