"""What other rooms may read of accounts."""

from dataclasses import dataclass
from datetime import datetime

from functions.accounts.rules.guests import GuestAccess, GuestAccessEnded
from functions.accounts.rules.identity import Gender, Relation, age_on
from functions.accounts.table import guests, identities, patients
from functions.shared import clock, ids
from functions.shared.errors import NotFound
from functions.shared.tx import Requirement


@dataclass(frozen=True)
class PatientCard:
    """As much of a patient as an order needs; nothing on it is encrypted, nothing identifies."""

    patient_id: str
    client_id: str
    name_masked: str
    age: int
    """Completed years today, in China."""
    gender: Gender
    relation: Relation


def find_patient_card(patient_id: str, client_id: str) -> PatientCard:
    """The client's patient; NotFound also for another client's. One read."""
    row = patients.find_patient(client_id, patient_id)
    if row is None:
        raise NotFound()
    return PatientCard(
        patient_id=row.patient_id,
        client_id=row.client_id,
        name_masked=row.name_masked,
        age=age_on(clock.service_date(clock.now()), born=row.birth_date),
        gender=row.gender,
        relation=row.relation,
    )


def patient_of(patient_id: str, client_id: str) -> Requirement:
    """That the client has this patient, for `tx.require`: checked where the act is committed, without a read.

    NotFound for what cannot be a patient's id.
    """
    if not ids.is_id("pat", patient_id):
        raise NotFound()
    return Requirement("accounts", *patients.patient_key(client_id, patient_id))


def require_guest(guest_access_id: str, order_id: str, scope: str, now: datetime) -> GuestAccess:
    """The guest access, if it opens `scope` of this order at `now`; call it on every request of a guest. One read.

    NotFound for another order, GuestAccessEnded once revoked or expired, ScopeNotGranted.
    """
    row = guests.find_guest_access(order_id, guest_access_id)
    if row is None:
        raise GuestAccessEnded()
    access = row.to_guest_access()
    access.check_allows(scope, order_id=order_id, now=now)
    return access


def openid_of(account_id: str) -> str:
    """The WeChat user behind an account (who pays, whom a message reaches); NotFound if there is none. One read."""
    account = identities.find_account(account_id)
    if account is None or account.openid is None:
        raise NotFound()
    return str(account.openid)
