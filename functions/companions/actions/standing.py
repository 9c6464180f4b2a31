"""Whether a companion may work: renewals, expiry, suspension by staff, and lifting each of them (F23, F27)."""

from datetime import date

from functions.companions.actions import announcing, certificates
from functions.companions.actions.certificates import Held
from functions.companions.events import CredentialExpiring
from functions.companions.rules import credentials as credential_rules
from functions.companions.rules import profiles as rules
from functions.companions.rules.credentials import REQUIRED_CREDENTIALS, Credential, CredentialKind, CredentialState
from functions.companions.rules.profiles import Profile, SuspensionReason
from functions.companions.table import base
from functions.companions.table import credentials as table
from functions.companions.table.profiles import ProfileRow, find_profile_row
from functions.shared import audit, clock
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

_EXPIRED = -1
"""In `warned`: that it has expired was seen."""


def find_row(companion_id: str) -> ProfileRow:
    """NotFound if there is no such companion."""
    row = find_profile_row(companion_id)
    if row is None:
        raise NotFound()
    return row


def renew(
    tx: Tx,
    *,
    companion_id: str,
    kind: CredentialKind,
    number: str,
    issued_by: str,
    expires_on: date,
    file_id: str,
) -> Held:
    """A companion's new certificate waits for staff; the old one counts until it is verified.

    NotFound; what `certificates.attach` raises.
    """
    profile = find_row(companion_id)
    held = certificates.attach(
        tx,
        account_id=companion_id,
        application_id=None,
        kind=kind,
        number=number,
        issued_by=issued_by,
        expires_on=expires_on,
        file_id=file_id,
    )
    certificates.enqueue(tx, held, account_id=companion_id, city=profile.city)
    return held


def decide_renewal(tx: Tx, *, companion_id: str, credential_id: str, refusal: str | None, actor: str) -> Held:
    """Staff found the companion's new certificate genuine, or refuse it for `refusal`.

    A genuine one takes the place of the old; who was suspended for an expired one works again as soon as nothing
    required is missing. NotFound, CredentialDecided, CredentialInvalid.
    """
    row, profile_row = certificates.find(companion_id, credential_id), find_row(companion_id)
    if row.application_id is not None:
        raise NotFound()
    certificates.dequeue(tx, row)
    certificates.decide(tx, row, refusal=refusal, actor=actor, subject=companion_id)
    if refusal is None:
        for old in table.credentials_of(companion_id):
            if old.kind_of == row.kind_of and old.state is CredentialState.VERIFIED:
                old.state = credential_rules.moved(old.state, CredentialState.REPLACED)
                tx.save(old)
        profile = rules.with_credential(profile_row.to_profile(), row.to_credential())
        profile = _lifted_if_complete(profile, clock.service_date(tx.now))
        announcing.store(tx, profile_row, profile)
        announcing.watch(tx, profile)
    (held,) = certificates.shown([row], tx.now)
    return held


def check_credentials(tx: Tx, *, companion_id: str) -> None:
    """What the day asks for: warnings, the end of a credential, and when to look again.

    A required credential that has expired suspends; another one is gone from the profile, which is said again.
    """
    row = find_profile_row(companion_id)
    if row is None:
        return
    profile, today = row.to_profile(), clock.service_date(tx.now)
    relied_on = [credential for credential in profile.credentials if credential.verified_by]
    ended = [each for each in relied_on if today > each.expires_on and row.warned.get(_mark(each)) != _EXPIRED]
    _warn(tx, row, relied_on, today)
    if ended:
        row.warned = {**row.warned, **{_mark(each): _EXPIRED for each in ended}}
        required = any(each.kind in REQUIRED_CREDENTIALS for each in ended)
        if required and SuspensionReason.CREDENTIAL_EXPIRED not in profile.suspended_for:
            profile = rules.suspend(profile, SuspensionReason.CREDENTIAL_EXPIRED)
            audit.record(
                tx,
                actor="system",
                act="companion.suspended",
                subject=companion_id,
                reason=SuspensionReason.CREDENTIAL_EXPIRED,
                after="、".join(credential_rules.CREDENTIAL_TITLES[each.kind] for each in ended),
            )
    announcing.store(tx, row, profile, aloud=bool(ended))
    announcing.watch(tx, profile)


def suspend(tx: Tx, *, companion_id: str, reason: str, actor: str) -> Profile:
    """Staff take the companion out of work; orders they already took are not touched. NotFound, IllegalTransition."""
    row = find_row(companion_id)
    profile = rules.suspend(row.to_profile(), SuspensionReason.STAFF)
    announcing.store(tx, row, profile)
    audit.record(tx, actor=actor, act="companion.suspended", subject=companion_id, reason=reason, after=profile.state)
    return profile


def reinstate(tx: Tx, *, companion_id: str, reason: str, actor: str) -> Profile:
    """Staff lift their own suspension; one for an expired credential goes on until it is renewed.

    NotFound, IllegalTransition, CredentialsMissing.
    """
    row = find_row(companion_id)
    profile = rules.reinstate(row.to_profile(), SuspensionReason.STAFF, clock.service_date(tx.now))
    announcing.store(tx, row, profile)
    audit.record(tx, actor=actor, act="companion.reinstated", subject=companion_id, reason=reason, after=profile.state)
    return profile


def list_audit(companion_id: str, *, limit: int, after: str | None) -> tuple[list[audit.Entry], str | None]:
    """What staff did with the companion (or applicant) and looked at, newest first."""
    return audit.entries_of("companions", companion_id, limit=limit, after=after)


def _warn(tx: Tx, row: ProfileRow, relied_on: list[Credential], today: date) -> None:
    """Tell of what ends soon, each warning once, and not while a renewal waits for staff."""
    due = {
        _mark(each): (each, days)
        for each in relied_on
        if (
            days := credential_rules.warning_due(
                each.expires_on, today=today, warn_days=base.policy().warn_days, warned=row.warned.get(_mark(each))
            )
        )
        is not None
    }
    if not due:
        return
    pending = {each.kind_of for each in table.credentials_of(row.companion_id) if each.state is CredentialState.PENDING}
    for credential, _ in due.values():
        if credential.kind not in pending:
            tx.emit(
                CredentialExpiring(
                    companion_id=row.companion_id,
                    kind=credential.kind,
                    expires_on=credential.expires_on,
                    days=(credential.expires_on - today).days,
                )
            )
    # Marks of credentials that were renewed meanwhile are dropped with the rest of their past.
    marks = {_mark(each) for each in relied_on}
    kept = {mark: days for mark, days in row.warned.items() if mark in marks}
    row.warned = {**kept, **{mark: days for mark, (_, days) in due.items()}}


def _lifted_if_complete(profile: Profile, today: date) -> Profile:
    if SuspensionReason.CREDENTIAL_EXPIRED not in profile.suspended_for:
        return profile
    held = {each.kind for each in profile.verified_credentials(today)}
    if REQUIRED_CREDENTIALS - held:
        return profile
    return rules.reinstate(profile, SuspensionReason.CREDENTIAL_EXPIRED, today)


def _mark(credential: Credential) -> str:
    return f"{credential.kind}#{credential.expires_on}"
