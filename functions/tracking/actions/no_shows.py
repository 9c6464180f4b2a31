"""One came and the other did not (B4): reported, waited for, answered, decided by the clock or by people."""

from dataclasses import dataclass

from functions.shared import audit, files
from functions.shared.caller import Caller, Role
from functions.shared.errors import FieldError, Invalid
from functions.shared.events import Timer
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_visit
from functions.tracking.actions.visits import close_visit, open_key
from functions.tracking.events import VisitNoShow, VisitNoShowContested, VisitNoShowReported
from functions.tracking.rules import no_shows as rules
from functions.tracking.rules.access import Standing, standing_of
from functions.tracking.rules.no_shows import Absent, CaseState, Decider, Evidence
from functions.tracking.rules.progress import VisitNotFound, VisitState
from functions.tracking.table import no_shows as cases
from functions.tracking.table.no_shows import NoShowCase

ROOM = "tracking"
_REPORTERS = {Absent.CLIENT: Standing.COMPANION, Absent.COMPANION: Standing.CLIENT}
"""Only who is there can say that the other is not."""
_PARTIES = frozenset({Standing.CLIENT, Standing.COMPANION})


@dataclass(frozen=True)
class CaseFile:
    """A case with what its reader may see of the words and the photo."""

    case: NoShowCase
    note: str | None
    answer: str | None
    photo_url: str | None


def report_no_show(
    tx: Tx, *, visit_id: str, caller: Caller, absent: Absent, note: str | None, photo_file_id: str | None
) -> CaseFile:
    """Say that the other one has not come; the clock runs from here (two reads).

    Raises VisitNotFound, Invalid (one's own absence), NoShowOpen, NoShowImpossible, NoShowTooEarly, PresenceUnproven,
    UploadMissing, UploadRefused.
    """
    visit = load_visit(visit_id)
    standing = _party(visit, caller)
    if standing is not _REPORTERS[absent]:
        raise Invalid(errors=(FieldError("absent", "只能报告对方未到"),))
    earlier = cases.cases_of(visit_id)
    if earlier and earlier[0].state in rules.OPEN:
        raise rules.NoShowOpen()
    policy, evidence = table.policy(), _evidence(visit)
    rules.check_reportable(absent, evidence, now=tx.now, policy=policy)
    number = len(earlier) + 1
    case = NoShowCase(
        *cases.case_key(visit_id, number),
        case_id=cases.case_id_of(visit_id, number),
        number=number,
        order_id=visit.order_id,
        companion_id=visit.companion_id,
        absent=absent,
        state=CaseState.WAITING,
        reported_at=tx.now,
        waits_until=rules.waits_until(absent, evidence, reported_at=tx.now, policy=policy),
        sealed_note=open_key(visit).encrypt("no_show_note", note) if note else None,
        photo_key=_kept(tx, visit_id, photo_file_id) if photo_file_id else None,
    )
    tx.insert(case)
    tx.schedule(Timer(room=ROOM, kind="no_show_clock", subject=case.case_id, due_at=case.waits_until))
    tx.emit(
        VisitNoShowReported(
            visit_id=visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=visit.companion_id,
            absent=absent,
            waits_until=case.waits_until,
        )
    )
    return _file(visit, case, standing)


def contest_no_show(tx: Tx, *, visit_id: str, case_id: str, caller: Caller, note: str | None) -> CaseFile:
    """“I am here”: the clock decides nothing any more, people do. Raises VisitNotFound, NoShowNotFound, NoShowClosed,
    and NoShowImpossible for whoever made the report."""
    visit, case = _load(visit_id, case_id)
    standing = _party(visit, caller)
    if standing is _REPORTERS[Absent(case.absent)]:
        raise rules.NoShowImpossible("这份报告是您提交的，如对方已到场，请继续记录服务节点或联系客服")
    case.state = rules.move_case(CaseState(case.state), CaseState.CONTESTED)
    case.contested_at = tx.now
    case.sealed_answer = open_key(visit).encrypt("no_show_answer", note) if note else None
    tx.save(case)
    _tell_contested(tx, visit, case)
    return _file(visit, case, standing)


def run_out(tx: Tx, *, case_id: str) -> None:
    """The clock has run out: decide what the evidence proves, and leave the rest to people."""
    case = cases.find_case(case_id)
    if case is None or case.state != CaseState.WAITING or tx.now < case.waits_until:
        return
    visit, absent = load_visit(case.visit_id), Absent(case.absent)
    outcome = CaseState.RESOLVED
    if visit.companion_id == case.companion_id:
        outcome = rules.verdict(absent, _evidence(visit), now=tx.now, policy=table.policy())
    if outcome is CaseState.CONTESTED:
        case.state = rules.move_case(CaseState(case.state), outcome)
        tx.save(case)
        _tell_contested(tx, visit, case)
    else:
        _decide(tx, visit, case, outcome, by=Decider.RULE)


def decide_no_show(tx: Tx, *, visit_id: str, case_id: str, is_upheld: bool, reason: str, decided_by: str) -> CaseFile:
    """Staff decide an open case. Raises VisitNotFound, NoShowNotFound, NoShowClosed, and NoShowImpossible if the
    visit's progress does not allow it any more."""
    visit, case = _load(visit_id, case_id)
    outcome = CaseState.UPHELD if is_upheld else CaseState.DISMISSED
    _decide(tx, visit, case, outcome, by=Decider.STAFF)
    audit.record(tx, actor=decided_by, act=f"no_show.{outcome}", subject=visit_id, reason=reason)
    return _file(visit, case, Standing.STAFF)


def read_no_shows(tx: Tx, *, visit_id: str, caller: Caller) -> list[CaseFile]:
    """The visit's reports, the latest first (two reads); a look of staff is recorded. VisitNotFound."""
    visit = load_visit(visit_id)
    standing = _standing(visit, caller)
    if standing not in _PARTIES and standing is not Standing.STAFF:
        raise VisitNotFound()
    if standing is Standing.STAFF:
        audit.record(tx, actor=caller.subject, act="no_shows.viewed", subject=visit_id)
    return [_file(visit, case, standing) for case in cases.cases_of(visit_id)]


def _decide(tx: Tx, visit: table.Visit, case: NoShowCase, outcome: CaseState, *, by: Decider) -> None:
    case.state = rules.move_case(CaseState(case.state), outcome)
    case.decided_by, case.decided_at = by, tx.now
    tx.save(case)
    if outcome is not CaseState.UPHELD:
        return
    absent = Absent(case.absent)
    if not close_visit(tx, visit, rules.NO_SHOW_STATES[absent]):
        raise rules.NoShowImpossible()
    tx.emit(
        VisitNoShow(
            visit_id=visit.visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=case.companion_id,
            absent=absent,
            decided_by=by,
        )
    )


def _tell_contested(tx: Tx, visit: table.Visit, case: NoShowCase) -> None:
    tx.emit(
        VisitNoShowContested(
            visit_id=visit.visit_id,
            order_id=visit.order_id,
            client_id=visit.client_id,
            companion_id=case.companion_id,
            absent=Absent(case.absent),
            case_id=case.case_id,
        )
    )


def _evidence(visit: table.Visit) -> Evidence:
    arrived = next((step.received_at for step in visit.milestones if step.code == "arrived"), None)
    return Evidence(
        state=VisitState(visit.state),
        starts_at=visit.starts_at,
        checked_in_at=max(visit.checked_in.values(), default=None),
        arrived_at=arrived,
    )


def _load(visit_id: str, case_id: str) -> tuple[table.Visit, NoShowCase]:
    visit, case = load_visit(visit_id), cases.find_case(case_id)
    if case is None or case.visit_id != visit_id:
        raise rules.NoShowNotFound()
    return visit, case


def _standing(visit: table.Visit, caller: Caller) -> Standing | None:
    return standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)


def _party(visit: table.Visit, caller: Caller) -> Standing:
    """Client or companion of the visit; VisitNotFound for everybody else."""
    standing = _standing(visit, caller)
    if standing not in _PARTIES or Role.GUEST in caller.roles:
        raise VisitNotFound()
    return standing


def _kept(tx: Tx, visit_id: str, file_id: str) -> str:
    def inspected() -> str:
        stored = files.inspect(ROOM, owner=visit_id, file_id=file_id, kinds=files.PHOTOS, field="photo_file_id")
        files.keep(stored)
        return stored.key

    return tx.once(f"photo#{file_id}", inspected)


def _file(visit: table.Visit, case: NoShowCase, reader: Standing) -> CaseFile:
    """One's own words and photo, and all of them for staff: what the other side says is for people to weigh."""
    reporter = _REPORTERS[Absent(case.absent)]
    sees_report = reader in (reporter, Standing.STAFF)
    sees_answer = reader is not reporter
    key = open_key(visit)
    note = key.decrypt("no_show_note", case.sealed_note) if case.sealed_note and sees_report else None
    answer = key.decrypt("no_show_answer", case.sealed_answer) if case.sealed_answer and sees_answer else None
    return CaseFile(case, note, answer, files.link(case.photo_key) if case.photo_key and sees_report else None)
