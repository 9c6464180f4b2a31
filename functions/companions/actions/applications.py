"""An applicant's acts: the application, and handing it in. Staff's are in `reviews`."""

from dataclasses import dataclass
from datetime import date, datetime

from functions.accounts.rules import identity
from functions.companions.actions import certificates
from functions.companions.actions.certificates import Held
from functions.companions.rules import applications as rules
from functions.companions.rules.applications import ApplicationState, Draft, Missing, PhoneCheck, RefusalReason
from functions.companions.rules.credentials import CredentialKind
from functions.companions.rules.profiles import Service
from functions.companions.table import applications as table
from functions.companions.table import base
from functions.companions.table.applications import ApplicantRow, ApplicationRow
from functions.companions.table.profiles import profile_key
from functions.shared import clock, ids
from functions.shared.crypto import DataKey
from functions.shared.errors import FieldError, NotFound, PreconditionFailed
from functions.shared.tx import Tx

ROOM = "companions"
QUEUE = "applications"


@dataclass(frozen=True)
class Application:
    """An application with its certificates as applicant and staff see it: masked."""

    application_id: str
    account_id: str
    state: ApplicationState
    draft: Draft
    id_number_masked: str
    phone_masked: str
    credentials: tuple[Held, ...]
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    missing: tuple[Missing, ...]
    phone_checks: tuple[PhoneCheck, ...]
    refusal: RefusalReason | None
    refusal_note: str
    version: int


def apply(tx: Tx, *, account_id: str, draft: Draft, id_number: str, phone: str) -> Application:
    """Begin an application. One BatchGet, one KMS call, one transaction; the directory is kept by the process.

    ApplicationInvalid, ApplicationExists, AlreadyCompanion, TooSoon.
    """
    _check(tx, draft)
    rules.check_identity(id_number=id_number, phone=phone, draft=draft)
    keys = table.applicant_key(account_id), profile_key(account_id)
    rows = table.load(*keys)
    if keys[1] in rows:
        raise rules.AlreadyCompanion()
    applicant = rows.get(keys[0])
    assert applicant is None or isinstance(applicant, ApplicantRow)
    if applicant and applicant.state and applicant.state not in (ApplicationState.APPROVED, ApplicationState.REJECTED):
        raise rules.ApplicationExists()
    rules.check_reapply(applicant.rejected_at if applicant else None, now=tx.now, policy=base.policy())
    applicant = applicant or certificates.new_applicant(tx, account_id)
    application_id = ids.new("app", tx.now)
    row = ApplicationRow(
        *table.application_key(application_id),
        account_id=account_id,
        state=ApplicationState.DRAFT,
        draft=draft,
        created_at=tx.now,
    )
    _seal(row, certificates.key_of(applicant, account_id), id_number=id_number, phone=phone)
    applicant.application_id, applicant.state = application_id, ApplicationState.DRAFT
    tx.insert(row)
    tx.save(applicant)
    return shown(row, ())


def change(
    tx: Tx,
    *,
    account_id: str,
    application_id: str,
    version: int,
    draft: Draft,
    id_number: str | None,
    phone: str | None,
) -> Application:
    """Another draft in place of the one before; identity number and phone stay where None is given.

    NotFound also for another's; PreconditionFailed, ApplicationNotOpen, ApplicationInvalid.
    """
    row = own(account_id, application_id)
    if row.version != version:
        raise PreconditionFailed()
    rules.require_editable(row.state)
    _check(tx, draft)
    key = certificates.key_of(applicant_of(account_id), account_id)
    id_number = id_number if id_number is not None else key.decrypt("id_number", row.id_number_sealed)
    phone = phone if phone is not None else key.decrypt("phone", row.phone_sealed)
    rules.check_identity(id_number=id_number, phone=phone, draft=draft)
    row.draft = draft
    _seal(row, key, id_number=id_number, phone=phone)
    tx.save(row)
    return shown(row, certificates.held_by(account_id, tx.now))


def attach(
    tx: Tx,
    *,
    account_id: str,
    application_id: str,
    kind: CredentialKind,
    number: str,
    issued_by: str,
    expires_on: date,
    file_id: str,
) -> Held:
    """A certificate for the application, in place of an earlier one of its kind.

    NotFound, ApplicationNotOpen; what `certificates.attach` raises.
    """
    rules.require_editable(own(account_id, application_id).state)
    return certificates.attach(
        tx,
        account_id=account_id,
        application_id=application_id,
        kind=kind,
        number=number,
        issued_by=issued_by,
        expires_on=expires_on,
        file_id=file_id,
    )


def submit(tx: Tx, *, account_id: str, application_id: str) -> Application:
    """Hand the application in, for the first time or again; it waits in staff's queue.

    NotFound, ApplicationNotOpen, ApplicationIncomplete.
    """
    row, applicant = own(account_id, application_id), applicant_of(account_id)
    state = rules.moved(row.state, ApplicationState.SUBMITTED)
    current = certificates.current_rows(account_id)
    key = certificates.key_of(applicant, account_id)
    card = current.get(CredentialKind.ID_CARD)
    number = key.decrypt("id_number", row.id_number_sealed)
    rules.check_ready(
        {kind: each.state for kind, each in current.items()},
        id_card_matches=card is not None and key.decrypt("number", card.number_sealed) == number,
    )
    entry = table.queue_row(
        QUEUE,
        subject=application_id,
        account_id=account_id,
        city=row.draft.city,
        title=identity.mask_name(row.draft.name),
        since=tx.now,
        repeated=row.submitted_at is not None,
    )
    row.state, row.submitted_at, row.missing = state, tx.now, ()
    applicant.state = state
    tx.save(row)
    tx.save(applicant)
    tx.insert(entry)
    return shown(row, certificates.shown(current.values(), tx.now))


def read_latest(*, account_id: str, now: datetime) -> Application:
    """The account's last application; NotFound if there was none. Three reads."""
    applicant = table.find_applicant(account_id)
    if applicant is None or applicant.application_id is None:
        raise NotFound()
    return read(application_id=applicant.application_id, account_id=account_id, now=now)


def read(*, application_id: str, account_id: str | None, now: datetime) -> Application:
    """The application of this account, or with None of any. NotFound. Two reads."""
    row = find(application_id) if account_id is None else own(account_id, application_id)
    return shown(row, certificates.held_by(row.account_id, now))


def find(application_id: str) -> ApplicationRow:
    """NotFound if there is no such application."""
    row = table.find_application(application_id)
    if row is None:
        raise NotFound()
    return row


def own(account_id: str, application_id: str) -> ApplicationRow:
    """NotFound also for another's."""
    row = find(application_id)
    if row.account_id != account_id:
        raise NotFound()
    return row


def applicant_of(account_id: str) -> ApplicantRow:
    """Whoever has an application is remembered as applicant."""
    applicant = table.find_applicant(account_id)
    assert applicant is not None, "an application without its applicant"
    return applicant


def shown(row: ApplicationRow, credentials: tuple[Held, ...]) -> Application:
    """What may be seen of it."""
    return Application(
        application_id=row.application_id,
        account_id=row.account_id,
        state=row.state,
        draft=row.draft,
        id_number_masked=row.id_number_masked,
        phone_masked=row.phone_masked,
        credentials=credentials,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        missing=row.missing,
        phone_checks=row.phone_checks,
        refusal=RefusalReason(row.refusal) if row.refusal else None,
        refusal_note=row.refusal_note or "",
        version=int(row.version),
    )


def _seal(row: ApplicationRow, key: DataKey, *, id_number: str, phone: str) -> None:
    row.id_number_sealed = key.encrypt("id_number", id_number)
    row.id_number_masked = identity.mask_id_number(id_number)
    row.phone_sealed = key.encrypt("phone", phone)
    row.phone_masked = identity.mask_phone(phone)


def _check(tx: Tx, draft: Draft) -> None:
    """ApplicationInvalid unless it can be true, and every department is in the directory of the draft's city."""
    rules.checked(draft, today=clock.service_date(tx.now), policy=base.policy())
    errors = [error for service in draft.serves for error in _unknown(service, draft.city)]
    if errors:
        raise rules.ApplicationInvalid(errors=tuple(errors))


def _unknown(service: Service, city: str) -> list[FieldError]:
    from functions.hospitals.actions import find_hospital

    try:
        hospital = find_hospital(service.hospital_id)
    except NotFound:
        return [FieldError(f"serves.{service.hospital_id}", "没有这家医院")]
    if hospital.city != city:
        return [FieldError(f"serves.{service.hospital_id}", "这家医院不在所选城市")]
    known = {department.department_id for department in hospital.departments}
    return [
        FieldError(f"serves.{service.hospital_id}.{department}", "这家医院没有这个科室")
        for department in service.department_ids
        if department not in known
    ]
