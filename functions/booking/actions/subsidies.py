"""Subsidy programmes and the applications for them (F5). How a grant lowers a price is in `discounts`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from functions.booking.actions import notes
from functions.booking.events import SubsidyDecided
from functions.booking.rules import shards
from functions.booking.rules import subsidies as rules
from functions.booking.rules.subsidies import (
    AlreadyApplied,
    AppealTooLate,
    ApplicationState,
    BudgetInUse,
    CapPeriod,
    Decision,
    Evidence,
    EvidenceKind,
    Programme,
)
from functions.booking.table import BookingRow
from functions.booking.table import subsidies as table
from functions.booking.table.subsidies import (
    ApplicationRefRow,
    ApplicationRow,
    ApplyingRow,
    BudgetRow,
    GrantRow,
    ProgrammeRow,
    QueueRow,
)
from functions.shared import audit, files, ids
from functions.shared.caller import Caller
from functions.shared.clock import service_date
from functions.shared.errors import FieldError, Invalid, NotFound, PreconditionFailed
from functions.shared.files import Upload
from functions.shared.table import find_all
from functions.shared.tx import Tx

_ROOM = "booking"


@dataclass(frozen=True)
class Budget:
    """Where a programme's money is: left + reserved + spent is the budget."""

    left_fen: int
    reserved_fen: int
    spent_fen: int


@dataclass(frozen=True)
class Held:
    """A grant with its programme, as its client sees it."""

    grant: GrantRow
    programme: Programme


@dataclass(frozen=True)
class Texts:
    """What people wrote in an application, opened; None where the patient's key was erased."""

    reasons: tuple[str | None, ...]
    """One for each decision."""
    appeal: str | None


# programmes -----------------------------------------------------------------------------------------------------------
def put_programme(
    tx: Tx,
    *,
    id: str,
    name: str,
    summary: str,
    evidence: Sequence[Mapping[str, str]],
    cap_fen: int,
    cap_per: str,
    budget_fen: int,
    valid_from: date,
    valid_until: date,
    percent_bp: int | None = None,
    off_fen: int | None = None,
    cities: Sequence[str] = (),
    **others: Any,
) -> Programme:
    """Add the programme with its whole budget, or replace it; what was reserved and spent stays so (the seed's shape).

    Invalid, BudgetInUse.
    """
    programme = Programme(
        id=id,
        name=name,
        summary=summary,
        evidence=tuple(EvidenceKind(**kind) for kind in evidence),
        percent_bp=percent_bp,
        off_fen=off_fen,
        cap_fen=cap_fen,
        cap_per=CapPeriod(cap_per),
        budget_fen=budget_fen,
        valid_from=valid_from,
        valid_until=valid_until,
        cities=frozenset(cities),
        **others,
    )
    row = table.find_programme(id)
    if row is None:
        _insert(tx, programme)
    else:
        _replace(tx, row, programme)
    return programme


def create_programme(tx: Tx, programme: Programme, *, staff_id: str) -> ProgrammeRow:
    """A new programme; its id is made here, whatever `programme` says."""
    programme = replace(programme, id=ids.new("prg", tx.now))
    audit.record(tx, actor=staff_id, act="subsidy_programme.created", subject=programme.id, after=_told(programme))
    return _insert(tx, programme)


def change_programme(tx: Tx, programme: Programme, *, version: int, reason: str, staff_id: str) -> ProgrammeRow:
    """Other terms from now on; quotes and orders keep theirs. NotFound, PreconditionFailed, BudgetInUse.

    The number of shards stays what it was.
    """
    row = _programme_row(programme.id)
    if row.version != version:
        raise PreconditionFailed()
    before = _told(row.programme)
    _replace(tx, row, programme)
    audit.record(
        tx,
        actor=staff_id,
        act="subsidy_programme.changed",
        subject=programme.id,
        reason=reason,
        before=before,
        after=_told(row.programme),
    )
    return row


def list_programmes() -> list[ProgrammeRow]:
    """All programmes, those that accept applications first, then by rank."""
    return sorted(table.programmes(), key=lambda row: (not row.programme.accepting, row.programme.rank, row.sk))


def read_programme(programme_id: str) -> tuple[ProgrammeRow, Budget]:
    """The programme and where its money is, now; NotFound."""
    row = _programme_row(programme_id)
    parts = table.budget_of(row.programme)
    return row, Budget(
        left_fen=sum(part.left_fen for part in parts),
        reserved_fen=sum(part.reserved_fen for part in parts),
        spent_fen=sum(part.spent_fen for part in parts),
    )


def _programme_row(programme_id: str) -> ProgrammeRow:
    row = table.find_programme(programme_id)
    if row is None:
        raise NotFound()
    return row


def _insert(tx: Tx, programme: Programme) -> ProgrammeRow:
    row = ProgrammeRow(*table.programme_key(programme.id), programme=programme)
    tx.insert(row)
    for shard, part_fen in enumerate(shards.spread(programme.budget_fen, programme.shards)):
        key = table.budget_key(programme.id, shard)
        tx.insert(BudgetRow(*key, left_fen=part_fen, reserved_fen=0, spent_fen=0))
    return row


def _replace(tx: Tx, row: ProgrammeRow, programme: Programme) -> None:
    before = row.programme
    row.programme = replace(programme, shards=before.shards)
    tx.save(row)
    left_fen = [part.left_fen for part in table.budget_of(before)]
    changes = shards.changes(left_fen, programme.budget_fen - before.budget_fen)
    if changes is None:
        raise BudgetInUse()
    for each in changes:
        tx.update(
            BudgetRow(*table.budget_key(before.id, each.shard)),
            [BudgetRow.left_fen.add(each.amount)],
            condition=BudgetRow.left_fen >= -each.amount,
        )


def _told(programme: Programme) -> str:
    return f"{programme.rule_text}；预算 {programme.budget_fen} 分；{programme.valid_from} 至 {programme.valid_until}"


# applications ---------------------------------------------------------------------------------------------------------
def allow_evidence(*, client_id: str, content_type: str, now: datetime) -> Upload:
    """Leave to upload one document within five minutes; Invalid for a type that is not wanted."""
    return files.allow_upload(_ROOM, owner=client_id, content_type=content_type, kinds=files.DOCUMENTS, now=now)


def apply_for_subsidy(
    tx: Tx, *, client_id: str, patient_id: str, programme_id: str, shown: Sequence[tuple[str, str]]
) -> ApplicationRow:
    """An application with its evidence, as (kind, file id). NotFound, NotAccepting, AlreadyApplied, Invalid, Upload…"""
    from functions.accounts import actions as accounts

    programme = table.programme(programme_id)
    if programme is None:
        raise NotFound()
    card = accounts.find_patient_card(patient_id, client_id)
    rules.check_apply(programme, age=card.age, kinds=[kind for kind, _ in shown], now=tx.now)
    application = ApplicationRow(
        *table.application_key(ids.new("sub", tx.now)),
        client_id=client_id,
        patient_id=patient_id,
        programme_id=programme_id,
        state=ApplicationState.SUBMITTED,
        evidence=_kept(tx, client_id, shown),
        submitted_at=tx.now,
        decisions=(),
    )
    tx.insert(application)
    tx.insert(ApplicationRefRow(*table.application_ref_key(client_id, application.application_id)))
    _wait(tx, application)
    return application


def list_applications(client_id: str, *, limit: int, after: str | None) -> tuple[list[ApplicationRow], str | None]:
    """A client's applications, the latest first, and where to go on."""
    return table.applications_of(client_id, limit=limit, after=after)


def list_waiting(*, limit: int, after: str | None) -> tuple[list[QueueRow], bool]:
    """What waits for a decision, the earliest submitted first; whether more follow."""
    return table.waiting_applications(limit=limit, after=after)


def read_application(tx: Tx, application_id: str, caller: Caller) -> tuple[ApplicationRow, Texts]:
    """The application with its texts, for its client and for staff, who leave an audit row; otherwise NotFound."""
    row = _visible(tx, application_id, caller, act="subsidy_application.read")
    reasons = tuple(notes.unseal(row.patient_id, decision.reason) for decision in row.decisions)
    return row, Texts(reasons, notes.unseal(row.patient_id, row.appeal) if row.appeal else None)


def open_evidence(tx: Tx, application_id: str, file_id: str, caller: Caller) -> str:
    """A five-minute link to one document, for the same people; staff leave an audit row. NotFound."""
    row = _visible(tx, application_id, caller, act="subsidy_evidence.read")
    for evidence in row.evidence:
        if evidence.file_id == file_id:
            return files.link(evidence.key)
    raise NotFound()


def decide(
    tx: Tx, application_id: str, *, staff_id: str, approved: bool, valid_until: date | None, reason: str
) -> ApplicationRow:
    """Approve or reject, first or on appeal. NotFound, ApplicationDecided, SameDecider, Invalid (`valid_until`)."""
    row, waiting = _load(application_id)
    state = rules.decided_state(row.state, approved=approved)
    rules.check_decision(row.decisions, staff_id=staff_id)
    programme = _programme_row(row.programme_id).programme
    rules.check_valid_until(programme, valid_until, approved=approved, today=service_date(tx.now))
    decision = Decision(staff_id, tx.now, approved, notes.seal(tx, row.patient_id, reason), valid_until)
    before = row.state
    row.state, row.decisions = state, (*row.decisions, decision)
    tx.save(row)
    for each in waiting:
        tx.delete(each)
    if valid_until is not None:
        _grant(tx, row, valid_until)
    audit.record(
        tx,
        actor=staff_id,
        act="subsidy.approved" if approved else "subsidy.rejected",
        subject=application_id,
        before=before,
        after=f"{state} {valid_until or ''}".strip(),
    )
    tx.emit(
        SubsidyDecided(
            application_id=application_id,
            client_id=row.client_id,
            patient_id=row.patient_id,
            programme_id=row.programme_id,
            approved=approved,
            may_appeal=state is ApplicationState.REJECTED,
        )
    )
    return row


def appeal(
    tx: Tx, application_id: str, *, client_id: str, reason: str, shown: Sequence[tuple[str, str]]
) -> ApplicationRow:
    """Object to a rejection, once, with more evidence if there is any.

    NotFound, ApplicationDecided, AppealTooLate, AlreadyApplied, Invalid.
    """
    row, _ = _load(application_id)
    if row.client_id != client_id:
        raise NotFound()
    row.state = rules.move(row.state, ApplicationState.APPEALED)
    programme = _programme_row(row.programme_id).programme
    ends_at = rules.appeal_ends_at(programme, row.decisions)
    if ends_at is None or tx.now >= ends_at:
        raise AppealTooLate()
    unknown = {kind for kind, _ in shown} - {kind.code for kind in programme.evidence}
    if unknown:
        raise Invalid(errors=(FieldError("evidence", f"不需要的材料：{'、'.join(sorted(unknown))}"),))
    row.evidence = (*row.evidence, *_kept(tx, client_id, shown))
    row.appealed_at = tx.now
    row.appeal = notes.seal(tx, row.patient_id, reason)
    tx.save(row)
    _wait(tx, row)
    return row


def list_grants(client_id: str) -> list[Held]:
    """The subsidies that a client's patients were granted, those of ended programmes included."""
    held = [(grant, table.programme(grant.programme_id)) for grant in table.find_grants(client_id)]
    return [Held(grant, programme) for grant, programme in held if programme is not None]


def _load(application_id: str) -> tuple[ApplicationRow, list[BookingRow]]:
    """The application, and while it waits the rows that say so; NotFound."""
    if not ids.is_id("sub", application_id):
        raise NotFound()
    row = table.find_application(application_id)
    if row is None:
        raise NotFound()
    keys = [table.queue_key(application_id), table.applying_key(row.client_id, row.programme_id, row.patient_id)]
    waiting = row.state in rules.WAITING
    return row, list(find_all(BookingRow, keys).values()) if waiting else []


def _visible(tx: Tx, application_id: str, caller: Caller, *, act: str) -> ApplicationRow:
    row = table.find_application(application_id) if ids.is_id("sub", application_id) else None
    if row is None:
        raise NotFound()
    if row.client_id == caller.subject:
        return row
    if not caller.is_staff:
        raise NotFound()
    audit.record(tx, actor=caller.subject, act=act, subject=application_id)
    return row


def _wait(tx: Tx, row: ApplicationRow) -> None:
    """Put the application into the queue; AlreadyApplied if another of the same kind waits."""
    tx.insert(ApplyingRow(*table.applying_key(row.client_id, row.programme_id, row.patient_id)), taken=AlreadyApplied())
    tx.insert(
        QueueRow(
            *table.queue_key(row.application_id),
            programme_id=row.programme_id,
            state=row.state,
            submitted_at=row.submitted_at,
        )
    )


def _grant(tx: Tx, row: ApplicationRow, valid_until: date) -> None:
    """The patient's grant, new or renewed: one for each programme."""
    tx.update(
        GrantRow(*table.grant_key(row.client_id, row.programme_id, row.patient_id)),
        [
            GrantRow.grant_id.set(ids.derived("grt", row.application_id)),
            GrantRow.patient_id.set(row.patient_id),
            GrantRow.programme_id.set(row.programme_id),
            GrantRow.valid_until.set(valid_until),
            GrantRow.application_id.set(row.application_id),
        ],
    )


def _kept(tx: Tx, client_id: str, shown: Sequence[tuple[str, str]]) -> tuple[Evidence, ...]:
    """The uploads, looked at and kept once, however often the act runs."""
    if len({file_id for _, file_id in shown}) != len(shown):
        raise Invalid(errors=(FieldError("evidence", "同一个文件不要提交两次"),))
    return tx.once("evidence", lambda: tuple(_keep(client_id, kind, file_id) for kind, file_id in shown))


def _keep(client_id: str, kind: str, file_id: str) -> Evidence:
    stored = files.inspect(_ROOM, owner=client_id, file_id=file_id, kinds=files.DOCUMENTS, field="evidence")
    files.keep(stored)
    return Evidence(kind, stored.file_id, stored.key, stored.content_type, stored.sha256)
