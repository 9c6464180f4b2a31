"""Payout runs: a plan of everything that is due, approved if it is large, then paid transfer by transfer (F26, B11).

Every step may be cut off and done again, twice or at once: a withdrawal enters one plan (its state says so), a plan has
one file with one hash, and a transfer has one number, under which it is asked for and queried until its outcome is
known.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from functions.settlement.actions import paying, tax
from functions.settlement.rules import ledger, payouts
from functions.settlement.rules.approvals import SamePerson
from functions.settlement.rules.payouts import PlanItem, PlanState, Totals
from functions.settlement.rules.withdrawals import Channel, TransferPart, WithdrawalState, move_withdrawal
from functions.settlement.table import payouts as table
from functions.settlement.table.payouts import DueRow, PlanItemRow, PlanRow
from functions.shared import audit, clock, files, observe
from functions.shared.errors import Conflict, NotFound
from functions.shared.events import Timer
from functions.shared.run import Run
from functions.shared.tx import Tx
from functions.shared.workdays import is_published

ROOM = "settlement"
_PAGE = 24
"""Withdrawals of one transaction: each is three writes, and one more where tax is withheld."""


class PlanChanged(Conflict):
    """The plan is not the one that was looked at."""

    code = "plan_changed"
    title = "打款计划已变化，请重新核对后再审批"


class PlanUnchecked(Conflict):
    """A large plan takes two people: one who checks it, one who approves it."""

    code = "plan_unchecked"
    title = "请先由一位财务人员核对打款计划，再由另一位审批"


def run_payouts(run: Run) -> PlanRow | None:
    """The working day's run: everything due goes into a plan; a small one is paid at once, a large one waits.

    None on a day without payouts. Repeating it, also after it was cut off, goes on where it stopped.
    """
    day = clock.service_date(run.at)
    if not is_published(day):
        observe.count("WorkdaysUnpublished")
    if not payouts.is_due(day, table.working_days()):
        return None
    run.act("open", lambda tx: _open(tx, day))
    plan = _plan(day)
    if plan.plan_state is PlanState.DRAFT:
        for due_on in _days_to_collect(day):
            for shard in range(ledger.SHARDS):
                _collect(run, day, due_on, shard)
        totals, has_bank = _write_files(day)
        run.act("close", lambda tx: _close(tx, day, totals, has_bank=has_bank))
    return _plan(day)


def _days_to_collect(day: date) -> list[date]:
    """One BatchGet: on most days there is one day to look at."""
    look_back_days = table.payout_policy().look_back_days
    earlier = table.plans_on(day - timedelta(days=back) for back in range(1, look_back_days + 1))
    whole = [date.fromisoformat(plan.day) for plan in earlier if plan.plan_state is not PlanState.DRAFT]
    return payouts.days_to_collect(day, whole, look_back_days=look_back_days)


def _open(tx: Tx, day: date) -> None:
    if table.find_plan(day) is None:
        tx.insert(PlanRow(*table.plan_key(day), day=day.isoformat(), state=PlanState.DRAFT, made_at=tx.now))


def _collect(run: Run, day: date, due_on: date, shard: int) -> None:
    """Move what waits in one part of a day into the plan, a page at a time; what is moved waits no longer."""
    while waiting := table.due_in(due_on, shard, limit=_PAGE):
        run.act(f"take-{waiting[0].sk}-{waiting[-1].sk}", partial(_take, day=day, shard=shard, waiting=waiting))


def _take(tx: Tx, *, day: date, shard: int, waiting: Sequence[DueRow]) -> None:
    policy = table.payout_policy()
    found = table.load_withdrawals([(due.companion_id, due.sk) for due in waiting])
    taxes = tax.page_of_plan(day, (due.companion_id for due in waiting))
    withhold = taxes.withhold if taxes else payouts.untaxed
    for due in waiting:
        tx.delete(due)
        row = found.get(due.sk)
        items = list(payouts.plan([row.to_withdrawal()] if row else [], day=day, policy=policy, withhold=withhold))
        if row is None or not items:
            continue
        row.state = move_withdrawal(WithdrawalState(row.state), WithdrawalState.APPROVED)
        row.plan = day.isoformat()
        row.taxed_on = day.isoformat() if taxes else None
        row.transfers = tuple(
            TransferPart(bill_no=each.bill_no, amount_fen=each.amount_fen, tax_fen=each.tax_fen)
            for each in items[0].transfers
        )
        tx.save(row)
        tx.insert(PlanItemRow(table.items_pk(day, shard), due.sk, companion_id=row.companion_id, item=items[0]))
    if taxes:
        taxes.save(tx)


def items_of(day: date | str) -> Iterator[PlanItem]:
    """The whole plan in its order: by part, then by number."""
    for shard in range(ledger.SHARDS):
        after: str | None = None
        while True:
            rows, after = table.items_of(day, shard, limit=200, after=after)
            yield from (row.item for row in rows)
            if after is None:
                break


def _write_files(day: date) -> tuple[Totals, bool]:
    """The plan as a file for people, and the bank's batch if anybody is paid by bank (True)."""
    totals, lines, by_bank = Totals(), list[bytes](), list[PlanItem]()
    for item in items_of(day):
        totals.add(item)
        lines.append(item.line)
        if item.channel is Channel.BANK:
            by_bank.append(item)
    files.put(ROOM, owner="payouts", file_id=f"{day}.jsonl", content=b"".join(lines), content_type="application/jsonl")
    if by_bank:
        _write_bank_file(day, by_bank)
    return totals, bool(by_bank)


def _write_bank_file(day: date, items: Sequence[PlanItem]) -> None:
    from functions.settlement.gateways import bank_file

    content = bank_file.batch_file(paying.bank_orders(items))
    files.put(ROOM, owner="payouts", file_id=f"{day}-bank.csv", content=content, content_type="text/csv")


def _close(tx: Tx, day: date, totals: Totals, *, has_bank: bool) -> None:
    """The plan is whole: it may be paid at once, or waits for a second person."""
    plan = _plan(day)
    plan.items, plan.amount_fen, plan.sha256 = totals.count, totals.amount_fen, totals.sha256
    plan.tax_fen = totals.tax_fen
    plan.file_key = f"{ROOM}/payouts/{day}.jsonl"
    plan.bank_file_key = f"{ROOM}/payouts/{day}-bank.csv" if has_bank else ""
    if payouts.needs_second_person(totals.amount_fen, table.payout_policy()):
        plan.state = payouts.move_plan(plan.plan_state, PlanState.AWAITING_APPROVAL)
        tx.save(plan)
        observe.count("PayoutPlanWaiting")
        return
    if not totals.count:
        plan.state = payouts.move_plan(plan.plan_state, PlanState.DONE)
        tx.save(plan)
        return
    _start(tx, plan)


def check_plan(tx: Tx, *, day: str, staff_id: str, sha256: str) -> PlanRow:
    """The first of two people has looked at the plan whose file has this hash; who looks last counts.

    Raises NotFound, PlanChanged, IllegalMove.
    """
    plan = _plan_with(day, sha256)
    payouts.move_plan(plan.plan_state, PlanState.REJECTED)  # only what waits for a decision
    plan.checked_by, plan.checked_at = staff_id, tx.now
    tx.save(plan)
    audit.record(tx, actor=staff_id, act="payout_plan.checked", subject=day, after=sha256)
    return plan


def _plan_with(day: str, sha256: str) -> PlanRow:
    plan = _plan(day)
    if plan.sha256 != sha256:
        raise PlanChanged()
    return plan


def approve_plan(tx: Tx, *, day: str, staff_id: str, sha256: str) -> PlanRow:
    """A second person lets the plan be paid whose file has this hash.

    Raises NotFound, PlanChanged, PlanUnchecked, SamePerson, IllegalMove.
    """
    plan = _plan_with(day, sha256)
    payouts.move_plan(plan.plan_state, PlanState.APPROVED)
    if plan.checked_by is None:
        raise PlanUnchecked()
    if plan.checked_by == staff_id:
        raise SamePerson()
    plan.decided_by, plan.decided_at = staff_id, tx.now
    audit.record(tx, actor=staff_id, act="payout_plan.approved", subject=day, after=sha256)
    _start(tx, plan)
    return plan


def reject_plan(tx: Tx, *, day: str, staff_id: str, reason: str) -> PlanRow:
    """Nothing of the plan is paid; its withdrawals wait for the next run. Raises NotFound, IllegalMove."""
    plan = _plan(day)
    plan.state = payouts.move_plan(plan.plan_state, PlanState.REJECTED)
    plan.decided_by, plan.decided_at = staff_id, tx.now
    tx.save(plan)
    audit.record(tx, actor=staff_id, act="payout_plan.rejected", subject=day, reason=reason)
    for shard in range(ledger.SHARDS):
        _page_timer(tx, "unplan_page", day, shard, "")
    return plan


def _start(tx: Tx, plan: PlanRow) -> None:
    plan.state = payouts.move_plan(plan.plan_state, PlanState.APPROVED)
    tx.save(plan)
    for shard in range(ledger.SHARDS):
        _page_timer(tx, "pay_page", plan.day, shard, "")
    _look_whether_done(tx, plan.day, checks=0)


def _look_whether_done(tx: Tx, day: str, *, checks: int) -> None:
    due_at = tx.now + table.payout_policy().finish_after(checks)
    subject = f"{day.replace('-', '')}.{checks}"
    tx.schedule(Timer(room=ROOM, kind="finish_plan", subject=subject, due_at=due_at))


def finish_plan(tx: Tx, subject: str) -> None:
    """The plan is done when all of its withdrawals were settled; otherwise look again later."""
    compact, _, checks = subject.partition(".")
    day = date.fromisoformat(compact).isoformat()
    plan = _plan(day)
    if plan.plan_state is not PlanState.APPROVED:
        return
    if settled_of(day).items < int(plan.items):
        _look_whether_done(tx, day, checks=int(checks) + 1)
        return
    plan.state = payouts.move_plan(plan.plan_state, PlanState.DONE)
    tx.save(plan)


def settled_of(day: str) -> payouts.Settled:
    """How much of a plan came to its end so far, and how: one BatchGet."""
    rows = table.settled_of(day)
    return payouts.Settled(
        items=sum(int(row.items) for row in rows),
        paid_fen=sum(row.paid_fen for row in rows),
        returned_fen=sum(row.returned_fen for row in rows),
    )


def _page_timer(tx: Tx, kind: str, day: str, shard: int, after: str) -> None:
    subject = f"{day.replace('-', '')}.{shard:02d}.{after}"
    tx.schedule(Timer(room=ROOM, kind=kind, subject=subject, due_at=tx.now))


def _page_of(subject: str) -> tuple[str, int, Sequence[PlanItemRow], str | None]:
    compact, shard, after = subject.split(".")
    day = date.fromisoformat(compact).isoformat()
    rows, following = table.items_of(day, int(shard), limit=_PAGE, after=after or None)
    return day, int(shard), rows, following


def pay_page(tx: Tx, subject: str) -> None:
    """Hand over one page of an approved plan: each of its transfers gets a timer of its own, due now."""
    day, shard, rows, following = _page_of(subject)
    for row in rows:
        for transfer in row.item.transfers:
            tx.schedule(Timer(room=ROOM, kind="pay_transfer", subject=transfer.bill_no, due_at=tx.now))
    if following:
        _page_timer(tx, "pay_page", day, shard, following)


def unplan_page(tx: Tx, subject: str) -> None:
    """One page of a rejected plan waits again, for the next run: nothing is put into a day that was collected."""
    day, shard, rows, following = _page_of(subject)
    due_on = payouts.expected_on(tx.now, table.working_days()).isoformat()
    found = table.load_withdrawals([(row.companion_id, row.sk) for row in rows])
    taxes = tax.TaxPage(day, [row.companion_id for row in found.values() if row.taxed_on])
    for item in rows:
        row = found.get(item.sk)
        if row is None or row.state != WithdrawalState.APPROVED or row.plan != day:
            continue
        row.state = move_withdrawal(WithdrawalState.APPROVED, WithdrawalState.REQUESTED)
        if row.taxed_on:
            taxes.give_back(row)
        row.plan, row.taxed_on, row.transfers, row.due_on = None, None, (), due_on
        tx.save(row)
        tx.insert(DueRow(table.due_pk(due_on, shard), item.sk, companion_id=row.companion_id))
    taxes.save(tx)
    if following:
        _page_timer(tx, "unplan_page", day, shard, following)


def plans_of(month: str) -> Sequence[PlanRow]:
    """The plans of a month (`2026-03`), the latest first."""
    return table.plans_of(month)


def items_page(day: str, *, limit: int, after: str | None) -> tuple[list[PlanItem], str | None]:
    """A page of the plan in the order of its file; `after` is what the previous page gave. NotFound."""
    _plan(day)
    shard_text, _, last = (after or "0.").partition(".")
    found, shard = list[PlanItem](), int(shard_text)
    while shard < ledger.SHARDS:
        rows, following = table.items_of(day, shard, limit=limit - len(found), after=last or None)
        found += [row.item for row in rows]
        if following and len(found) >= limit:
            return found, f"{shard}.{following}"
        if not following:
            shard += 1
        last = following or ""
        if len(found) >= limit:
            break
    return found, f"{shard}." if shard < ledger.SHARDS else None


def find_plan(day: str) -> PlanRow:
    """The plan of a China day; NotFound."""
    return _plan(day)


def file_link(tx: Tx, *, day: str, staff_id: str, bank: bool) -> str:
    """A short-lived address of the plan's file or the bank's batch; who opened it is remembered.

    NotFound if there is none, and for the batch of a plan that may not be paid.
    """
    plan = _plan(day)
    if not (plan.bank_file_key if bank else plan.file_key):
        raise NotFound()
    if bank and plan.plan_state not in (PlanState.APPROVED, PlanState.DONE):
        raise NotFound()
    audit.record(tx, actor=staff_id, act="payout_plan.opened", subject=day)
    name = f"{day}-bank.csv" if bank else f"{day}.jsonl"
    return files.link(f"{ROOM}/payouts/{name}", name=f"payout-{name}")


def _plan(day: date | str) -> PlanRow:
    """NotFound, also for what is no day."""
    plan = table.find_plan(day)
    if plan is None:
        raise NotFound()
    return plan
