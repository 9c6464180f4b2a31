"""What a visit proves to an insurer, picked by its client (F36): times against the appointment, check-ins, messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from functions.shared import clock
from functions.tracking import table
from functions.tracking.actions.access import load_visit
from functions.tracking.actions.chat import open_text
from functions.tracking.rules.progress import MilestoneState, VisitNotFound
from functions.tracking.table import chat as rows

_CHECK_INS = 50


@dataclass(frozen=True)
class Fact:
    """One thing that the visit's records say. `detail` holds texts, numbers and instants on a Chinese clock."""

    kind: str
    """`appointment`, `milestone`, `check_in` or `message`."""
    at: datetime
    title: str
    detail: Mapping[str, str | int | None]


def facts_of(visit_id: str, *, client_id: str, messages: Sequence[int]) -> list[Fact]:
    """Everything of the visit that bears on a claim, and the conversation's entries that the client names.

    Three reads. No position and no photo is in it. VisitNotFound for a visit that is not the client's.
    """
    visit = load_visit(visit_id)
    if visit.client_id != client_id:
        raise VisitNotFound()
    found = [
        Fact("appointment", visit.starts_at, "约定的陪诊时间", {"until": _shown(visit.ends_at), "state": visit.state})
    ]
    found += [
        Fact(
            "milestone",
            step.recorded_at or step.received_at or visit.starts_at,
            step.title,
            {
                "code": step.code,
                "state": step.state,
                "received_at": _shown(step.received_at) if step.received_at else None,
                "by": step.recorded_by,
            },
        )
        for step in visit.milestones
        if step.state is not MilestoneState.PENDING
    ]
    check_ins, _ = table.check_ins_of(visit_id, limit=_CHECK_INS, after=None)
    found += [
        Fact("check_in", row.captured_at, "打卡", {"code": row.code, "refusal": row.refusal})
        for row in reversed(check_ins)
    ]
    for entry in rows.find_entries(visit_id, messages):
        if entry.recalled_at is None and entry.media is None and entry.sealed_text is not None:
            text = open_text(visit, entry.sealed_text)
            found.append(
                Fact("message", entry.shown_at, text or "", {"sequence": int(entry.sequence), "by": entry.standing})
            )
    return found


def _shown(at: datetime) -> str:
    return clock.china(at).isoformat()
