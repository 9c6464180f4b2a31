"""Certificates: uploading one, looking at one, deciding about one, and their last day (F23, F27)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from functions.companions.rules import credentials as rules
from functions.companions.rules.credentials import CredentialKind, CredentialState
from functions.companions.table import applications, base
from functions.companions.table import credentials as table
from functions.companions.table.applications import ApplicantRow
from functions.companions.table.credentials import CredentialRow
from functions.shared import audit, clock, crypto, files, ids
from functions.shared.crypto import DataKey
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

ROOM = "companions"
RENEWALS = "credentials"
"""The queue of renewals that wait for staff."""


@dataclass(frozen=True)
class Held:
    """An uploaded certificate as its owner and staff see it: the number masked."""

    credential_id: str
    kind: CredentialKind
    state: CredentialState
    expired: bool
    number_masked: str
    issued_by: str
    expires_on: date
    uploaded_at: datetime
    decided_at: datetime | None
    refusal: str
    used_by: str | None
    """Another account that uploaded the very same file before."""


def allow_upload(*, account_id: str, content_type: str, now: datetime) -> files.Upload:
    """Leave to upload one photo or PDF in five minutes. Invalid for another type."""
    return files.allow_upload(ROOM, owner=account_id, content_type=content_type, kinds=files.DOCUMENTS, now=now)


def attach(
    tx: Tx,
    *,
    account_id: str,
    application_id: str | None,
    kind: CredentialKind,
    number: str,
    issued_by: str,
    expires_on: date,
    file_id: str,
) -> Held:
    """Keep an uploaded file as a certificate that waits for its check; what waited or was refused before is replaced.

    A companion's verified one stays until the new one is verified too. CredentialInvalid, TooManyCredentials,
    UploadMissing, UploadRefused.
    """
    policy, today = base.policy(), clock.service_date(tx.now)
    number = number.strip().upper()
    rules.check_particulars(
        number=number, expires_on=expires_on, today=today, min_validity_days=policy.min_validity_days
    )
    rows = table.credentials_of(account_id)
    if len(rows) >= policy.credentials_per_account:
        raise rules.TooManyCredentials()
    stored = tx.once(f"file#{file_id}", lambda: _inspected(account_id, file_id))
    applicant = applications.find_applicant(account_id)
    if applicant is None:
        applicant = new_applicant(tx, account_id)
        tx.save(applicant)
    for row in rows:
        if row.credential_kind is kind and _gives_way(row, application_id):
            dequeue(tx, row)
            row.state = rules.moved(row.state, CredentialState.REPLACED)
            tx.save(row)
    credential_id = ids.new("crd", tx.now)
    row = CredentialRow(
        *table.credential_key(account_id, credential_id),
        credential_id=credential_id,
        account_id=account_id,
        application_id=application_id,
        kind_of=kind,
        number_sealed=key_of(applicant, account_id).encrypt("number", number),
        number_masked=rules.masked(kind, number),
        issued_by=issued_by.strip(),
        expires_on=expires_on,
        file_key=stored.key,
        content_type=stored.content_type,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        used_by=_first_use(tx, stored.sha256, account_id),
        state=CredentialState.PENDING,
        uploaded_at=tx.now,
    )
    tx.insert(row)
    return _held(row, today)


def enqueue(tx: Tx, held: Held, *, account_id: str, city: str) -> None:
    """Let a renewal wait for staff."""
    tx.insert(
        applications.queue_row(
            RENEWALS,
            subject=held.credential_id,
            account_id=account_id,
            city=city,
            title=rules.CREDENTIAL_TITLES[held.kind],
            since=held.uploaded_at,
            repeated=held.used_by is not None,
        )
    )


def dequeue(tx: Tx, row: CredentialRow) -> None:
    """Nobody has to look at this renewal any more; a certificate of an application waits with the application."""
    if row.application_id is None and row.state is CredentialState.PENDING:
        entry = applications.queued(RENEWALS, subject=row.credential_id, since=row.uploaded_at)
        if entry is not None:
            tx.delete(entry)


def decide(tx: Tx, row: CredentialRow, *, refusal: str | None, actor: str, subject: str) -> None:
    """Verified by `actor`, or refused; recorded under `subject`. CredentialDecided; CredentialInvalid once expired."""
    to = CredentialState.VERIFIED if refusal is None else CredentialState.REFUSED
    rules.moved(row.state, to)
    if refusal is None:
        rules.check_unexpired(row.expires_on, today=clock.service_date(tx.now))
    row.state, row.decided_at, row.decided_by, row.refusal = to, tx.now, actor, refusal
    tx.save(row)
    which = f"{row.kind_of} {row.credential_id}"
    audit.record(tx, actor=actor, act=f"credential.{to}", subject=subject, reason=refusal or "", after=which)


def open_file(tx: Tx, *, account_id: str, credential_id: str, actor: str) -> str:
    """An address that shows staff the certificate for five minutes; the look is recorded. NotFound."""
    row = find(account_id, credential_id)
    audit.record(tx, actor=actor, act="credential.viewed", subject=account_id, after=f"{row.kind_of} {credential_id}")
    return files.link(row.file_key)


def held_by(account_id: str, now: datetime) -> tuple[Held, ...]:
    """The account's certificates but those that were replaced, the earliest first: one Query."""
    return shown(standing_rows(account_id), now)


def shown(rows: Iterable[CredentialRow], now: datetime) -> tuple[Held, ...]:
    """What may be seen of them that day."""
    return tuple(_held(row, clock.service_date(now)) for row in rows)


def standing_rows(account_id: str) -> list[CredentialRow]:
    """The account's certificates but those that were replaced, the earliest first: one Query."""
    return [row for row in table.credentials_of(account_id) if row.state is not CredentialState.REPLACED]


def current_rows(account_id: str) -> dict[CredentialKind, CredentialRow]:
    """The latest certificate of each kind: one Query."""
    return {row.credential_kind: row for row in standing_rows(account_id)}


def find(account_id: str, credential_id: str) -> CredentialRow:
    """NotFound also for another account's."""
    row = table.find_credential(account_id, credential_id)
    if row is None:
        raise NotFound()
    return row


def new_applicant(tx: Tx, account_id: str) -> ApplicantRow:
    """A row with a fresh data key for this account, not saved yet."""
    key = tx.once("applicant key", lambda: crypto.new_key(room=ROOM, owner_id=account_id))
    return ApplicantRow(*applications.applicant_key(account_id), wrapped_key=key.wrapped)


def key_of(applicant: ApplicantRow, account_id: str) -> DataKey:
    """The account's data key in this room (one KMS call, then kept by this process)."""
    return crypto.open_key(applicant.wrapped_key, room=ROOM, owner_id=account_id)


def _gives_way(row: CredentialRow, application_id: str | None) -> bool:
    if row.state is CredentialState.VERIFIED:
        return application_id is not None
    return row.state is not CredentialState.REPLACED


def _first_use(tx: Tx, sha256: str, account_id: str) -> str | None:
    """Whose file this was first, if it was another's; otherwise it is remembered as this account's."""
    use = table.find_use(sha256)
    if use is None:
        tx.insert(table.CertificateUseRow(*table.certificate_use_key(sha256), account_id=account_id))
        return None
    return use.account_id if use.account_id != account_id else None


def _inspected(account_id: str, file_id: str) -> files.Stored:
    stored = files.inspect(ROOM, owner=account_id, file_id=file_id, kinds=files.DOCUMENTS)
    files.keep(stored)
    return stored


def _held(row: CredentialRow, today: date) -> Held:
    return Held(
        credential_id=row.credential_id,
        kind=row.credential_kind,
        state=row.state,
        expired=today > row.expires_on,
        number_masked=row.number_masked,
        issued_by=row.issued_by,
        expires_on=row.expires_on,
        uploaded_at=row.uploaded_at,
        decided_at=row.decided_at,
        refusal=row.refusal or "",
        used_by=row.used_by,
    )
