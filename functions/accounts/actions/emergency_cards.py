"""A patient's emergency card: what a hospital's desk may be shown when help is called for, if that was agreed to."""

from dataclasses import dataclass
from datetime import datetime

from functions.accounts.rules import identity
from functions.accounts.rules.consents import Consent, ConsentPurpose
from functions.accounts.rules.identity import Gender
from functions.accounts.table import patients as table
from functions.shared import clock, crypto, ids
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx

_FIELD = "emergency_summary"
_GENDERS = {Gender.MALE: "男", Gender.FEMALE: "女"}


@dataclass(frozen=True)
class EmergencyCard:
    """What the client wrote, and when sharing it in an emergency was agreed to."""

    summary: str
    consented_at: datetime
    version: int


def put_card(
    tx: Tx, *, client_id: str, patient_id: str, summary: str, document_version: str, version: int
) -> EmergencyCard:
    """Write the card (version 0 for the first one) together with the consent to show it. One read.

    NotFound for another client's patient, PreconditionFailed.
    """
    patient, card = _own(client_id, patient_id)
    if version != (card.version if card else 0):
        raise PreconditionFailed()
    row = card or table.EmergencyCardRow(*table.emergency_card_key(client_id, patient_id))
    row.summary_sealed, row.consented_at = _key(patient).encrypt(_FIELD, summary), tx.now
    tx.save(row)
    consent = Consent(
        consent_id=ids.new("cns", tx.now),
        purpose=ConsentPurpose.EMERGENCY_SHARING,
        document_version=document_version,
        granted_at=tx.now,
        by=client_id,
    )
    tx.insert(table.consent_row(client_id, patient_id, consent))
    return EmergencyCard(summary, tx.now, int(row.version))


def read_card(*, client_id: str, patient_id: str) -> EmergencyCard:
    """The client's own patient's card; NotFound also where there is none. One read."""
    patient, card = _own(client_id, patient_id)
    if card is None:
        raise NotFound()
    return EmergencyCard(_key(patient).decrypt(_FIELD, card.summary_sealed), card.consented_at, int(card.version))


def withdraw_card(tx: Tx, *, client_id: str, patient_id: str) -> None:
    """Take the consent back: the card is gone. What a desk was shown before stays evidence of that call."""
    _, card = _own(client_id, patient_id)
    if card is not None:
        tx.delete(card)


def find_emergency_summary(patient_id: str, client_id: str) -> str | None:
    """For an emergency call alone: age, gender and the card, or None where sharing was not agreed to. One read."""
    patient, card = table.find_emergency_card(client_id, patient_id)
    if patient is None or card is None:
        return None
    age = identity.age_on(clock.service_date(clock.now()), born=patient.birth_date)
    return f"{_GENDERS[patient.gender]}，{age} 岁。{_key(patient).decrypt(_FIELD, card.summary_sealed)}"


def _own(client_id: str, patient_id: str) -> tuple[table.PatientRow, table.EmergencyCardRow | None]:
    patient, card = table.find_emergency_card(client_id, patient_id)
    if patient is None:
        raise NotFound()
    return patient, card


def _key(patient: table.PatientRow) -> crypto.DataKey:
    return crypto.open_key(patient.wrapped_key, room="accounts", owner_id=patient.patient_id)
