"""Patients of a client, and the consents that came with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from functions.accounts.rules import consents as consent_rules
from functions.accounts.rules import identity, patients
from functions.accounts.rules.consents import Consent, ConsentPurpose
from functions.accounts.rules.identity import Gender, Relation
from functions.accounts.rules.patients import Guardian, PatientFacts, TooManyPatients
from functions.accounts.table import base
from functions.accounts.table import patients as table
from functions.shared import clock, crypto, ids
from functions.shared.crypto import DataKey
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx

_MOST_CONSENTS = 200


@dataclass(frozen=True)
class Patient:
    """A patient as the client sees it: masked."""

    patient_id: str
    name_masked: str
    birth_date: date
    age: int
    gender: Gender
    relation: Relation
    id_number_masked: str | None
    phone_masked: str | None
    guardian_name_masked: str | None
    guardian_relation: Relation | None
    created_at: datetime
    version: int


def add_patient(tx: Tx, *, client_id: str, facts: PatientFacts, consented: Mapping[ConsentPurpose, str]) -> Patient:
    """A new patient with the consents (purpose → version of the document) that allow the record.

    PatientInvalid, ConsentMissing, TooManyPatients. No read; one KMS call; one transaction.
    """
    today = clock.service_date(tx.now)
    patients.checked(facts, today=today)
    consent_rules.check_given(consented, minor=facts.is_minor(today), has_guardian=facts.guardian is not None)
    patient_id = ids.new("pat", tx.now)
    key = crypto.new_key(room="accounts", owner_id=patient_id)
    row = table.patient_row(
        patient_id,
        client_id=client_id,
        wrapped_key=key.wrapped,
        birth_date=facts.birth_date,
        gender=facts.gender,
        relation=facts.relation,
        now=tx.now,
    )
    _seal(row, facts, key)
    tx.insert(row)
    tx.update(
        table.patient_count_row(client_id),
        [table.PatientCountRow.total.add(1)],
        condition=table.patient_count_below(base.policy().patients_per_client),
        conflict=TooManyPatients(),
    )
    _record_consents(tx, row, consented, facts.guardian)
    return _shown(row, facts, today)


def list_patients(*, client_id: str, now: datetime) -> list[Patient]:
    """All of a client's patients, oldest record first. One query; KMS opens each key once per process."""
    today = clock.service_date(now)
    limit = base.policy().patients_per_client
    return [_shown(row, _open(row), today) for row in table.patients_of(client_id, limit=limit)]


def find_patient(*, client_id: str, patient_id: str, now: datetime) -> Patient:
    """The client's patient; NotFound also for another client's."""
    row = _owned(client_id, patient_id)
    return _shown(row, _open(row), clock.service_date(now))


def change_patient(
    tx: Tx,
    *,
    client_id: str,
    patient_id: str,
    version: int,
    change: Callable[[PatientFacts], PatientFacts],
    consented: Mapping[ConsentPurpose, str],
) -> Patient:
    """The patient with `change` applied; consents given now are added to the earlier ones.

    NotFound, PreconditionFailed unless `version` is the present one, PatientInvalid, ConsentMissing when a corrected
    birth date makes the patient a minor without a guardian's consent.
    """
    row = _owned(client_id, patient_id)
    if row.version != version:
        raise PreconditionFailed()
    today = clock.service_date(tx.now)
    facts = patients.checked(change(_open(row)), today=today)
    given = {consent.purpose for consent in _consents(row)} | set(consented)
    consent_rules.check_given(given, minor=facts.is_minor(today), has_guardian=facts.guardian is not None)
    row.birth_date, row.gender, row.relation = facts.birth_date, facts.gender, facts.relation
    _seal(row, facts, crypto.open_key(row.wrapped_key, room="accounts", owner_id=row.patient_id))
    tx.save(row)
    _record_consents(tx, row, consented, facts.guardian)
    return _shown(row, facts, today)


def list_consents(*, client_id: str, patient_id: str) -> list[Consent]:
    """Every consent ever given for the patient, in order; NotFound also for another client's. One query."""
    given = table.consents_of(client_id, patient_id, limit=_MOST_CONSENTS)
    if not given:
        # No patient exists without consents.
        raise NotFound()
    return given


def _owned(client_id: str, patient_id: str) -> table.PatientRow:
    row = table.find_patient(client_id, patient_id)
    if row is None:
        raise NotFound()
    return row


def _consents(row: table.PatientRow) -> list[Consent]:
    return table.consents_of(row.client_id, row.patient_id, limit=_MOST_CONSENTS)


def _record_consents(
    tx: Tx, row: table.PatientRow, consented: Mapping[ConsentPurpose, str], guardian: Guardian | None
) -> None:
    for purpose, document_version in consented.items():
        by_guardian = purpose is ConsentPurpose.GUARDIAN_CONSENT and guardian is not None
        consent = Consent(
            consent_id=ids.new("cns", tx.now),
            purpose=purpose,
            document_version=document_version,
            granted_at=tx.now,
            by=row.client_id,
            guardian_name_masked=identity.mask_name(guardian.name) if by_guardian and guardian else None,
        )
        tx.insert(table.consent_row(row.client_id, row.patient_id, consent))


def _seal(row: table.PatientRow, facts: PatientFacts, key: DataKey) -> None:
    """Everything that identifies the patient, into the row: encrypted, and masked where the mask gives nothing away."""
    row.name_sealed = key.encrypt("name", facts.name)
    row.name_masked = identity.mask_name(facts.name)
    row.id_number_sealed = key.encrypt("id_number", facts.id_number) if facts.id_number else None
    row.phone_sealed = key.encrypt("phone", facts.phone) if facts.phone else None
    row.phone_masked = identity.mask_phone(facts.phone) if facts.phone else None
    row.guardian_sealed = (
        key.encrypt("guardian", msgspec.json.encode(facts.guardian).decode()) if facts.guardian else None
    )


def _open(row: table.PatientRow) -> PatientFacts:
    key = crypto.open_key(row.wrapped_key, room="accounts", owner_id=row.patient_id)
    guardian = key.decrypt("guardian", row.guardian_sealed) if row.guardian_sealed else None
    return PatientFacts(
        name=key.decrypt("name", row.name_sealed),
        birth_date=row.birth_date,
        gender=row.gender,
        relation=row.relation,
        id_number=key.decrypt("id_number", row.id_number_sealed) if row.id_number_sealed else None,
        phone=key.decrypt("phone", row.phone_sealed) if row.phone_sealed else None,
        guardian=msgspec.json.decode(guardian, type=Guardian) if guardian else None,
    )


def _shown(row: table.PatientRow, facts: PatientFacts, today: date) -> Patient:
    guardian = facts.guardian
    return Patient(
        patient_id=row.patient_id,
        name_masked=row.name_masked,
        birth_date=facts.birth_date,
        age=identity.age_on(today, born=facts.birth_date),
        gender=facts.gender,
        relation=facts.relation,
        id_number_masked=identity.mask_id_number(facts.id_number) if facts.id_number else None,
        phone_masked=row.phone_masked,
        guardian_name_masked=identity.mask_name(guardian.name) if guardian else None,
        guardian_relation=guardian.relation if guardian else None,
        created_at=row.created_at,
        version=int(row.version),
    )
