"""What the bank says of a day's batch file, booked row by row (F26)."""

from collections.abc import Callable
from functools import partial

from functions.settlement.actions import paying
from functions.settlement.gateways.transfers import ProviderTransfer
from functions.settlement.rules import payouts
from functions.settlement.rules.withdrawals import Channel
from functions.shared import audit, files, ids, observe
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx

ROOM = "settlement"


def take_bank_answers(content: bytes, *, staff_id: str, commit: Callable[[str, Callable[[Tx], None]], object]) -> int:
    """Book what the bank says of each transfer, one transaction each; how many were settled by it.

    A row that was booked before changes nothing, so the same file may be read again; a number that is none of ours is
    counted and passed over. `commit` runs a named act in its own transaction. Raises BadAnswerFile (nothing is booked).
    """
    from functions.settlement.gateways.bank_file import read_answers

    settled = 0
    for answer in read_answers(content):
        if answer.state.is_final:
            try:
                commit(answer.bill_no, partial(_take_bank_answer, answer=answer, staff_id=staff_id))
            except NotFound:
                observe.count("BankAnswerUnknown")
                observe.logger().error("bank answer about no transfer of ours", extra={"bill_no": answer.bill_no})
            else:
                settled += 1
    return settled


def order_bank_answers(tx: Tx, content: bytes, *, given_by: str) -> int:
    """Keep the bank's file and have it booked; how many rows it has. Invalid if any of them cannot be read."""
    from functions.settlement.gateways.bank_file import BadAnswerFile, read_answers

    try:
        rows = len(read_answers(content))
    except BadAnswerFile as error:
        raise Invalid(errors=(FieldError("content", str(error)),)) from None
    file_id = ids.new("bnk", tx.now)
    files.put(ROOM, owner="bank-answers", file_id=file_id, content=content, content_type="text/csv")
    audit.record(tx, actor=given_by, act="bank_answers.given", subject=file_id)
    tx.schedule(Timer(room=ROOM, kind="take_bank_answers", subject=f"{file_id}.{given_by}", due_at=tx.now))
    return rows


def book_bank_answers(timer: Timer) -> None:
    """Book a file that was kept, each row in a transaction of its own; cut off, it goes on where it stopped."""
    file_id, _, given_by = timer.subject.partition(".")
    run = Run(ROOM, timer.kind, timer.due_at)

    def commit(name: str, act: Callable[[Tx], None]) -> None:
        run.act(f"{file_id}-{name}", act)

    take_bank_answers(files.read(f"{ROOM}/bank-answers/{file_id}"), staff_id=given_by, commit=commit)


def _take_bank_answer(tx: Tx, *, answer: ProviderTransfer, staff_id: str) -> None:
    if paying.take_answer(tx, answer, channel=Channel.BANK):
        audit.record(tx, actor=staff_id, act="bank_answer.taken", subject=payouts.withdrawal_of(answer.bill_no))
