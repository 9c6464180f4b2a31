"""Staff's acts on applications: the call, the certificates, the decision. Each leaves an audit row."""

from functions.companions.actions import announcing, applications, certificates
from functions.companions.actions.applications import Application
from functions.companions.events import ApplicationDecided
from functions.companions.rules import applications as rules
from functions.companions.rules import profiles
from functions.companions.rules.applications import (
    ApplicationState,
    Decision,
    Missing,
    PhoneCheck,
    PhoneOutcome,
    RefusalReason,
)
from functions.companions.rules.credentials import CredentialState
from functions.companions.rules.profiles import CompanionState, Profile, Tier
from functions.companions.table import applications as table
from functions.companions.table.applications import ApplicationRow, QueueRow
from functions.shared import audit, clock
from functions.shared.errors import NotFound
from functions.shared.tx import Tx

DECIDED = {
    ApplicationState.APPROVED: Decision.APPROVED,
    ApplicationState.REJECTED: Decision.REJECTED,
    ApplicationState.MORE_NEEDED: Decision.MORE_NEEDED,
}


def list_waiting(queue: str, *, limit: int, after: str | None) -> tuple[list[QueueRow], str | None]:
    """Who has waited longest, and where to go on; `applications` or `credentials`. One query for each partition."""
    return table.waiting(queue, limit=limit, after=after)


def view_identity(tx: Tx, *, application_id: str, actor: str) -> tuple[str, str]:
    """The applicant's identity number and phone in full, for the call and the comparison; the look is recorded.

    NotFound.
    """
    row = applications.find(application_id)
    key = certificates.key_of(applications.applicant_of(row.account_id), row.account_id)
    audit.record(tx, actor=actor, act="application.identity_viewed", subject=application_id)
    return key.decrypt("id_number", row.id_number_sealed), key.decrypt("phone", row.phone_sealed)


def record_call(tx: Tx, *, application_id: str, outcome: PhoneOutcome, note: str, actor: str) -> Application:
    """Note how a call with the applicant went. NotFound, ApplicationNotOpen, TooManyPhoneChecks."""
    row = applications.find(application_id)
    rules.require_state(row.state, ApplicationState.SUBMITTED)
    check = PhoneCheck(at=tx.now, by=actor, outcome=outcome, note=note)
    row.phone_checks = rules.with_phone_check(row.phone_checks, check)
    tx.save(row)
    audit.record(tx, actor=actor, act="application.called", subject=application_id, after=outcome)
    return applications.shown(row, certificates.held_by(row.account_id, tx.now))


def approve(tx: Tx, *, application_id: str, actor: str) -> Application:
    """The applicant becomes an active companion of the first tier.

    NotFound, ApplicationNotOpen, PhoneCheckMissing, CredentialsMissing.
    """
    row = applications.find(application_id)
    rules.moved(row.state, ApplicationState.APPROVED)
    assert row.submitted_at is not None, "an application is submitted before it is decided"
    rules.check_phone(row.phone_checks, submitted_at=row.submitted_at)
    rows = certificates.current_rows(row.account_id)
    held = tuple(each.to_credential() for each in rows.values() if each.state is CredentialState.VERIFIED)
    certified = profiles.certify(CompanionState.APPLIED, held, clock.service_date(tx.now))
    draft = row.draft
    announcing.admit(
        tx,
        profiles.checked(
            Profile(
                companion_id=row.account_id,
                name=draft.name,
                city=draft.city,
                gender=draft.gender,
                birth_year=draft.birth_year,
                tier=Tier.JUNIOR,
                languages=draft.languages,
                serves=draft.serves,
                rating_hundredths=None,
                completed_visits=0,
                cases_by_department={},
                intro=draft.intro,
                specialties=draft.specialties,
                credentials=held,
                state=profiles.move(certified, CompanionState.ACTIVE),
            )
        ),
    )
    return _decide(tx, row, ApplicationState.APPROVED, actor=actor)


def reject(tx: Tx, *, application_id: str, reason: RefusalReason, note: str, actor: str) -> Application:
    """No; the applicant reads `note` and may apply again after the cool-down. NotFound, ApplicationNotOpen."""
    row = applications.find(application_id)
    waited = row.state is ApplicationState.SUBMITTED
    rules.moved(row.state, ApplicationState.REJECTED)
    row.refusal, row.refusal_note = reason, note
    return _decide(tx, row, ApplicationState.REJECTED, actor=actor, reason=reason, waited=waited)


def ask_for_more(tx: Tx, *, application_id: str, missing: tuple[Missing, ...], actor: str) -> Application:
    """Give the application back, saying what is missing. NotFound, ApplicationNotOpen."""
    row = applications.find(application_id)
    rules.moved(row.state, ApplicationState.MORE_NEEDED)
    row.missing = missing
    return _decide(tx, row, ApplicationState.MORE_NEEDED, actor=actor)


def decide_credential(
    tx: Tx, *, application_id: str, credential_id: str, refusal: str | None, actor: str
) -> Application:
    """A certificate of a submitted application is the real one, or is refused for `refusal`.

    NotFound, ApplicationNotOpen, CredentialDecided, CredentialInvalid.
    """
    application = applications.find(application_id)
    rules.require_state(application.state, ApplicationState.SUBMITTED)
    rows = certificates.standing_rows(application.account_id)
    row = next((each for each in rows if each.credential_id == credential_id), None)
    if row is None:
        raise NotFound()
    certificates.decide(tx, row, refusal=refusal, actor=actor, subject=application_id)
    return applications.shown(application, certificates.shown(rows, tx.now))


def list_audit(application_id: str, *, limit: int, after: str | None) -> tuple[list[audit.Entry], str | None]:
    """What staff did with the application, newest first."""
    return audit.entries_of("companions", application_id, limit=limit, after=after)


def _decide(
    tx: Tx,
    row: ApplicationRow,
    state: ApplicationState,
    *,
    actor: str,
    reason: RefusalReason | None = None,
    waited: bool = True,
) -> Application:
    assert row.submitted_at is not None, "an application is submitted before it is decided"
    before, row.state, row.decided_at = row.state, state, tx.now
    applicant = applications.applicant_of(row.account_id)
    applicant.state = state
    applicant.rejected_at = tx.now if state is ApplicationState.REJECTED else applicant.rejected_at
    entry = table.queued(applications.QUEUE, subject=row.application_id, since=row.submitted_at) if waited else None
    if entry is not None:
        tx.delete(entry)
    tx.save(row)
    tx.save(applicant)
    decision = DECIDED[state]
    audit.record(
        tx,
        actor=actor,
        act=f"application.{decision}",
        subject=row.application_id,
        reason=reason or "",
        before=before,
        after=state,
    )
    tx.emit(
        ApplicationDecided(
            account_id=row.account_id, application_id=row.application_id, decision=decision, reason=reason or ""
        )
    )
    return applications.shown(row, certificates.held_by(row.account_id, tx.now))
