"""Emergency desks and the calls that reached them."""

from collections.abc import Sequence

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from functions.hospitals.rules.emergencies import Contact, DeskPolicy, EmergencyState
from functions.hospitals.table.directory import HospitalsRow, is_hospital_id
from functions.shared import crypto, ids
from functions.shared.endpoints import Attempt
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, keep, query_page

_ROOM = "hospitals"
_SECRET = "secret"


class DeskRow(HospitalsRow, discriminator="emergency_desk"):
    """A hospital's contacts, in the order in which they are told."""

    contacts: JsonAttribute[tuple[Contact, ...]] = JsonAttribute(tuple[Contact, ...])
    policy: JsonAttribute[DeskPolicy] = JsonAttribute(DeskPolicy)


class CaseRow(HospitalsRow, discriminator="emergency_case"):
    """One call at one desk. `contact_number` is who was told last (-1: nobody), `due_at` until when they have."""

    call_id = UnicodeAttribute()
    visit_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    hospital_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    department_id = UnicodeAttribute()
    state = UnicodeAttribute(default=EmergencyState.CALLED.value)
    contact_number = NumberAttribute(default=-1)
    rung_number = NumberAttribute(default=-1)
    """The last contact of which the outcome is known: news of it that comes again rings nobody twice."""
    attempts: JsonAttribute[tuple[Attempt, ...]] = JsonAttribute(tuple[Attempt, ...], default=())
    due_at = InstantAttribute(null=True)
    called_at = InstantAttribute()
    unanswered_at = InstantAttribute(null=True)
    acknowledged_at = InstantAttribute(null=True)
    en_route_at = InstantAttribute(null=True)
    resolved_at = InstantAttribute(null=True)
    taken_by_staff = BooleanAttribute(default=False)


class CaseLineRow(HospitalsRow, discriminator="emergency_case_line"):
    """A line of a desk's list; written once, the call itself changes elsewhere."""


def sealed_contact(*, contact_id: str, title: str, phone: str, url: str | None, secret: str | None) -> Contact:
    """A contact whose secret only this room can open (one KMS call if there is one)."""
    if url is None or secret is None:
        return Contact(contact_id=contact_id, title=title, phone=phone)
    key = crypto.new_key(room=_ROOM, owner_id=contact_id)
    sealed = key.encrypt(_SECRET, secret)
    return Contact(
        contact_id=contact_id, title=title, phone=phone, url=url, wrapped_key=key.wrapped, secret_sealed=sealed
    )


def secret_of(contact: Contact) -> str:
    """The contact's `whsec_…` (one KMS call in a process's life)."""
    key = crypto.open_key(contact.wrapped_key, room=_ROOM, owner_id=contact.contact_id)
    return key.decrypt(_SECRET, contact.secret_sealed)


def desk_key(hospital_id: str) -> tuple[str, str]:
    return f"HOSPITAL#{hospital_id}", "DESK"


def case_key(call_id: str) -> tuple[str, str]:
    return f"CASE#{call_id}", "CASE"


def line_key(hospital_id: str, call_id: str) -> tuple[str, str]:
    return f"DESK#{hospital_id}", call_id


def find_desk(hospital_id: str) -> DeskRow | None:
    return find(DeskRow, *desk_key(hospital_id))


def kept_desk(hospital_id: str) -> DeskRow | None:
    """Up to a minute old."""
    return keep(DeskRow, *desk_key(hospital_id)) if is_hospital_id(hospital_id) else None


def find_case(call_id: str) -> CaseRow | None:
    return find(CaseRow, *case_key(call_id)) if ids.is_id("emc", call_id) else None


def cases_of(hospital_id: str, *, limit: int, after: str | None) -> tuple[Sequence[CaseRow], str | None]:
    """A desk's calls, newest first: one Query and one BatchGetItem."""
    lines, last = query_page(CaseLineRow, line_key(hospital_id, "")[0], limit=limit, after=after, newest_first=True)
    keys = [case_key(str(line.sk)) for line in lines]
    rows = find_all(HospitalsRow, keys)
    found = [rows.get(key) for key in keys]
    return [row for row in found if isinstance(row, CaseRow)], last
