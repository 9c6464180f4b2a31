"""Patients and their consents: all of one client's in one partition, so that ownership is part of the key."""

from collections.abc import Sequence
from datetime import date, datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition, Or

from functions.accounts.rules.consents import Consent
from functions.accounts.rules.identity import Gender, Relation
from functions.accounts.table.base import AccountsRow
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, Row, find, find_all, query_page


class PatientRow(AccountsRow, discriminator="patient"):
    """`*_sealed` are encrypted under `wrapped_key`. The masked identity number is not stored: with the birth date
    beside it, it would give most of the number away."""

    patient_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    wrapped_key = UnicodeAttribute()
    name_sealed = UnicodeAttribute()
    name_masked = UnicodeAttribute()
    id_number_sealed = UnicodeAttribute(null=True)
    phone_sealed = UnicodeAttribute(null=True)
    phone_masked = UnicodeAttribute(null=True)
    guardian_sealed = UnicodeAttribute(null=True)
    birth_date: JsonAttribute[date] = JsonAttribute(date)
    gender: JsonAttribute[Gender] = JsonAttribute(Gender)
    relation: JsonAttribute[Relation] = JsonAttribute(Relation)
    created_at = InstantAttribute()


class PatientCountRow(AccountsRow, discriminator="patient_count"):
    total = NumberAttribute(default=0)


def patient_count_below(limit: int) -> Condition:
    """Whether the client may have one more."""
    return Or(Row.pk.does_not_exist(), PatientCountRow.total < limit)


class ConsentRow(AccountsRow, discriminator="consent"):
    consent: JsonAttribute[Consent] = JsonAttribute(Consent)


class EmergencyCardRow(AccountsRow, discriminator="emergency_card"):
    """There only while sharing it in an emergency is agreed to; sealed under the patient's key."""

    summary_sealed = UnicodeAttribute()
    consented_at = InstantAttribute()


def emergency_card_key(client_id: str, patient_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"EMERGENCY#{patient_id}"


def find_emergency_card(client_id: str, patient_id: str) -> tuple["PatientRow | None", EmergencyCardRow | None]:
    """The client's patient and its card, in one round trip."""
    if not ids.is_id("pat", patient_id):
        return None, None
    keys = patient_key(client_id, patient_id), emergency_card_key(client_id, patient_id)
    rows = find_all(AccountsRow, keys)
    patient, card = (rows.get(key) for key in keys)
    return (
        patient if isinstance(patient, PatientRow) else None,
        card if isinstance(card, EmergencyCardRow) else None,
    )


def patient_row(
    patient_id: str,
    *,
    client_id: str,
    wrapped_key: str,
    birth_date: date,
    gender: Gender,
    relation: Relation,
    now: datetime,
) -> PatientRow:
    return PatientRow(
        f"CLIENT#{client_id}",
        f"PATIENT#{patient_id}",
        patient_id=patient_id,
        client_id=client_id,
        wrapped_key=wrapped_key,
        birth_date=birth_date,
        gender=gender,
        relation=relation,
        created_at=now,
    )


def patient_count_row(client_id: str) -> PatientCountRow:
    return PatientCountRow(f"CLIENT#{client_id}", "PATIENTS")


def consent_row(client_id: str, patient_id: str, consent: Consent) -> ConsentRow:
    return ConsentRow(f"CLIENT#{client_id}", f"CONSENT#{patient_id}#{consent.consent_id}", consent=consent)


def find_patient(client_id: str, patient_id: str) -> PatientRow | None:
    if not ids.is_id("pat", patient_id):
        return None
    return find(PatientRow, *patient_key(client_id, patient_id))


def patient_key(client_id: str, patient_id: str) -> tuple[str, str]:
    return (f"CLIENT#{client_id}", f"PATIENT#{patient_id}")


def patients_of(client_id: str, *, limit: int) -> Sequence[PatientRow]:
    """By age of the record."""
    rows, _ = query_page(PatientRow, f"CLIENT#{client_id}", prefix="PATIENT#", limit=limit)
    return rows


def consents_of(client_id: str, patient_id: str, *, limit: int) -> list[Consent]:
    """In the order in which they were given."""
    if not ids.is_id("pat", patient_id):
        return []
    rows, _ = query_page(ConsentRow, f"CLIENT#{client_id}", prefix=f"CONSENT#{patient_id}#", limit=limit)
    return [row.consent for row in rows]
