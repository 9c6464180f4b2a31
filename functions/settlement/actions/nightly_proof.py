"""The ledger's proof every night: the table in parts, each part in slices, an alarm for whatever is wrong (B10)."""

from datetime import timedelta
from functools import partial

from functions.settlement import table
from functions.settlement.actions.proof import findings_of_page
from functions.settlement.table import ProofRow
from functions.shared import clock, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx

_CULPRITS = 20
_PAUSE = timedelta(seconds=1)


def begin(run: Run) -> None:
    """Begin the night's proof: each part goes on by its own timers until it is through."""
    day, parts = clock.service_date(run.at).isoformat(), table.policy().proof_parts
    for part in range(parts):
        run.act(f"{part}", partial(_begin_part, day=day, part=part, parts=parts))


def _begin_part(tx: Tx, *, day: str, part: int, parts: int) -> None:
    if table.find_proof(day, part) is None:
        tx.insert(ProofRow(*table.proof_key(day, part), day=day, part=part, parts=parts, culprits=()))
        _go_on(tx, day, part)


def prove_slice(tx: Tx, subject: str) -> None:
    """Look at the next rows of a part (`2026-03-02-00`); what is wrong is counted, logged and kept."""
    day, _, part = subject.rpartition("-")
    proof = table.find_proof(day, int(part))
    if proof is None or proof.finished_at is not None:
        return
    rows, behind = table.scan_part(proof, limit=table.policy().proof_rows)
    wrong = findings_of_page(rows)
    if wrong:
        observe.count("LedgerBroken", len(wrong))
        observe.logger().error("the ledger does not hold", extra={"culprits": wrong[:_CULPRITS]})
    proof.rows_seen += len(rows)
    proof.wrong += len(wrong)
    proof.culprits = (*proof.culprits, *wrong)[:_CULPRITS]
    if behind is None:
        proof.finished_at = tx.now
    else:
        proof.behind_pk, proof.behind_sk = behind
        _go_on(tx, day, int(part))
    tx.save(proof)


def _go_on(tx: Tx, day: str, part: int) -> None:
    subject = f"{day}-{part:02d}"
    tx.schedule(Timer(room="settlement", kind="prove_ledger_slice", subject=subject, due_at=tx.now + _PAUSE))


def proof_of(day: str) -> list[ProofRow]:
    """The parts of the proof that began on that China day; NotFound if there was none."""
    parts = table.proofs_of(day)
    if not parts:
        raise NotFound()
    return parts
