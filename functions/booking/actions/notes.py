"""A client's words to the companion. They may speak of health, so they are kept under a key of the patient's own."""

from functions.booking import table
from functions.booking.table import PatientKeyRow
from functions.shared import crypto
from functions.shared.crypto import DataKey
from functions.shared.tx import Tx

_ROOM, _FIELD = "booking", "note"


def seal(tx: Tx, patient_id: str, note: str) -> str:
    """`note` encrypted; the patient's first note also makes their key (one read, one KMS call)."""
    return _key(tx, patient_id).encrypt(_FIELD, note)


def unseal(patient_id: str, sealed: str) -> str | None:
    """The note; None when the patient's key was erased, and every note with it."""
    row = table.find_patient_key(patient_id)
    return _open(row, patient_id).decrypt(_FIELD, sealed) if row else None


def _key(tx: Tx, patient_id: str) -> DataKey:
    row = table.find_patient_key(patient_id)
    if row is not None:
        return _open(row, patient_id)
    key = crypto.new_key(room=_ROOM, owner_id=patient_id)
    tx.insert(PatientKeyRow(*table.patient_key_key(patient_id), wrapped=key.wrapped))
    return key


def _open(row: PatientKeyRow, patient_id: str) -> DataKey:
    return crypto.open_key(row.wrapped, room=_ROOM, owner_id=patient_id)
