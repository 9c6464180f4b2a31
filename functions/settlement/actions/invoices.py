"""E-invoices: asked for by the client, issued, delivered, and red as soon as money goes back (F32)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from functions.settlement import provider
from functions.settlement.actions.income import money_of
from functions.settlement.events import InvoiceIssued, InvoiceRefused, InvoiceReversed
from functions.settlement.gateways.invoice_file import BadInvoiceAnswers, BatchLine, batch_file, read_answers
from functions.settlement.gateways.invoices import InvoiceIssuer, InvoiceOrder, IssuedInvoice, IssueState
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.rules import ledger
from functions.settlement.rules.invoices import (
    OVER,
    Invoice,
    InvoiceExists,
    InvoiceNotReady,
    InvoiceState,
    NotInvoiceable,
    Title,
    checked_title,
    invoice_id_of,
    invoiceable_fen,
    is_invoice_id,
    move_invoice,
)
from functions.settlement.rules.payments import PaymentState
from functions.settlement.rules.policy import InvoiceChannel
from functions.settlement.table import MoneyOfOrder, policy
from functions.settlement.table import invoices as table
from functions.settlement.table.invoices import InvoiceEntryRow, InvoiceRow
from functions.shared import audit, crypto, files, observe
from functions.shared.errors import FieldError, Invalid, NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_ROOM = "settlement"
_REASON = "服务退款"
_PDF = "application/pdf"
_PASSING = frozenset({"FREQUENCY_LIMITED", "SYSTEM_ERROR", "SIGN_ERROR"})
_OPEN = frozenset({InvoiceState.REQUESTED, InvoiceState.ISSUING, InvoiceState.REVERSING})


def request_invoice(tx: Tx, *, order_id: str, client_id: str, title: Title) -> Invoice:
    """Ask for the order's invoice. Raises NotFound, NotInvoiceable, InvoiceExists, Invalid (the title)."""
    facts = money_of(order_id)
    payment = facts.payment
    if payment is None or payment.client_id != client_id:
        raise NotFound()
    if any(InvoiceState(row.state) not in OVER for row in table.invoices_of(order_id)):
        raise InvoiceExists()
    amount_fen = _invoiceable(facts)
    if not facts.money.settled or not amount_fen:
        raise NotInvoiceable()
    return _to_invoice(_ask(tx, facts, checked_title(title), amount_fen))


def _invoiceable(facts: MoneyOfOrder) -> int:
    payment, money = facts.payment, facts.money
    if payment is None or payment.state != PaymentState.SUCCEEDED:
        return 0
    return invoiceable_fen(
        paid_fen=payment.amount_fen, refunded_fen=money.refunded_fen, premium_fen=money.premium_fen or 0
    )


def _ask(tx: Tx, facts: MoneyOfOrder, title: Title, amount_fen: int) -> InvoiceRow:
    payment, money, rules = facts.payment, facts.money, policy()
    assert payment is not None, "only what was paid is invoiced"
    money.invoices += 1
    tx.save(money)
    invoice_id = invoice_id_of(payment.order_id, int(money.invoices))
    key = crypto.new_key(room=_ROOM, owner_id=payment.client_id)
    row = InvoiceRow(
        *table.invoice_key(invoice_id),
        invoice_id=invoice_id,
        order_id=payment.order_id,
        client_id=payment.client_id,
        payment_id=payment.payment_id,
        channel=rules.invoice_channel,
        amount_fen=amount_fen,
        item=rules.invoice_item,
        state=InvoiceState.REQUESTED,
        wrapped_key=key.wrapped,
        title_sealed=key.encrypt("title", msgspec.json.encode(title).decode()),
        requested_at=tx.now,
    )
    tx.insert(row)
    tx.insert(InvoiceEntryRow(*table.entry_key(invoice_id, ledger.month_of(tx.now)), invoice_id=invoice_id))
    if row.channel == InvoiceChannel.WECHAT:
        _pursue_at(tx, row, tx.now)
    return row


def _pursue_at(tx: Tx, row: InvoiceRow, due_at: datetime) -> None:
    tx.schedule(Timer(room=_ROOM, kind="pursue_invoice", subject=row.invoice_id, due_at=due_at))


def pursue_invoice(tx: Tx, invoice_id: str) -> None:
    """Ask WeChat for the invoice, for its red one, or how it stands, until it is through; unknown means later."""
    row = table.find_invoice(invoice_id)
    if row is None or row.state not in _OPEN or row.channel != InvoiceChannel.WECHAT:
        return
    issuer = provider.wechat_invoices()
    try:
        seen = _at_issuer(row, issuer)
        content = issuer.file(row.invoice_id) if seen.state is IssueState.ISSUED and not row.file_key else None
    except PaymentUnknown:
        _look_again(tx, row)
    except PaymentRejected as refusal:
        if refusal.code in _PASSING or row.state == InvoiceState.REVERSING:
            observe.logger().error("invoice refused", extra={"invoice_id": invoice_id, "code": refusal.code})
            _look_again(tx, row)
        else:
            _refuse(tx, row, refusal.message)
    else:
        if content is not None:
            row.file_key = _keep_file(row, content)
        _take(tx, row, seen)


def _at_issuer(row: InvoiceRow, issuer: InvoiceIssuer) -> IssuedInvoice:
    if row.state == InvoiceState.REQUESTED:
        return issuer.issue(_order(row))
    seen = issuer.query(row.invoice_id)
    if row.state == InvoiceState.REVERSING and seen.state is IssueState.ISSUED:
        return issuer.reverse(row.invoice_id, invoice_no=row.number, reason=_REASON)
    return seen


def _keep_file(row: InvoiceRow, content: bytes) -> str:
    return files.put(_ROOM, owner=row.client_id, file_id=row.invoice_id, content=content, content_type=_PDF)


def _look_again(tx: Tx, row: InvoiceRow) -> None:
    tx.save(row)
    age = tx.now - row.requested_at
    _pursue_at(tx, row, tx.now + min(max(age, timedelta(seconds=2)), timedelta(hours=6)))


def _take(tx: Tx, row: InvoiceRow, seen: IssuedInvoice) -> None:
    """Act on what the issuer says of an invoice. A contradiction in the amount is left to staff."""
    if seen.amount_fen not in (None, row.amount_fen):
        observe.count("InvoiceMismatch")
        observe.logger().error("invoice contradicts its order", extra={"invoice_id": row.invoice_id})
        return
    row.number, row.red_number = seen.invoice_no or row.number, seen.red_invoice_no or row.red_number
    state = InvoiceState(row.state)
    if seen.state is IssueState.ISSUED and state in (InvoiceState.REQUESTED, InvoiceState.ISSUING):
        _issued(tx, row, seen)
    elif seen.state is IssueState.REVERSED and state is InvoiceState.REVERSING:
        _reversed(tx, row)
    elif seen.state is IssueState.REFUSED and state in (InvoiceState.REQUESTED, InvoiceState.ISSUING):
        _refuse(tx, row, seen.reason)
    else:
        if state is InvoiceState.REQUESTED:
            row.state = move_invoice(state, InvoiceState.ISSUING)
        _look_again(tx, row)


def _issued(tx: Tx, row: InvoiceRow, seen: IssuedInvoice) -> None:
    row.state, row.issued_at = move_invoice(InvoiceState(row.state), InvoiceState.ISSUED), seen.issued_at or tx.now
    if row.outdated:
        _begin_reversal(tx, row)
    tx.save(row)
    tx.emit(_said(InvoiceIssued, row))


def _begin_reversal(tx: Tx, row: InvoiceRow) -> None:
    row.state = move_invoice(InvoiceState(row.state), InvoiceState.REVERSING)
    if row.channel == InvoiceChannel.WECHAT:
        _pursue_at(tx, row, tx.now + timedelta(seconds=1))


def _reversed(tx: Tx, row: InvoiceRow) -> None:
    """The red invoice is there; what is left of the price is invoiced anew, under the same title."""
    row.state = move_invoice(InvoiceState(row.state), InvoiceState.REVERSED)
    tx.save(row)
    tx.emit(_said(InvoiceReversed, row))
    facts = money_of(row.order_id)
    if amount_fen := _invoiceable(facts):
        _ask(tx, facts, title_of(row), amount_fen)


def _refuse(tx: Tx, row: InvoiceRow, reason: str) -> None:
    row.state, row.refusal = move_invoice(InvoiceState(row.state), InvoiceState.REFUSED), reason
    tx.save(row)
    tx.emit(InvoiceRefused(invoice_id=row.invoice_id, order_id=row.order_id, client_id=row.client_id))


def _said(event: type[InvoiceIssued] | type[InvoiceReversed], row: InvoiceRow) -> InvoiceIssued | InvoiceReversed:
    return event(invoice_id=row.invoice_id, order_id=row.order_id, client_id=row.client_id, amount_fen=row.amount_fen)


def correct_invoice(tx: Tx, order_id: str) -> None:
    """Money goes back to the client: the order's invoice, if there is one, is made red."""
    row = next((row for row in table.invoices_of(order_id) if InvoiceState(row.state) not in OVER), None)
    if row is None or row.state == InvoiceState.REVERSING:
        return
    if row.state == InvoiceState.ISSUED:
        _begin_reversal(tx, row)
    else:
        row.outdated = True
    tx.save(row)


def _order(row: InvoiceRow) -> InvoiceOrder:
    rules = policy()
    return InvoiceOrder(
        number=row.invoice_id,
        title=title_of(row),
        item=row.item,
        tax_code=rules.invoice_tax_code,
        tax_rate_bp=rules.invoice_tax_rate_bp,
        amount_fen=row.amount_fen,
        payment_number=row.payment_id,
        openid="",
    )


def title_of(row: InvoiceRow) -> Title:
    """The title, unsealed."""
    key = crypto.open_key(row.wrapped_key, room=_ROOM, owner_id=row.client_id)
    return msgspec.json.decode(key.decrypt("title", row.title_sealed), type=Title)


def _to_invoice(row: InvoiceRow) -> Invoice:
    return Invoice(
        invoice_id=row.invoice_id,
        order_id=row.order_id,
        client_id=row.client_id,
        amount_fen=row.amount_fen,
        state=InvoiceState(row.state),
        title=title_of(row),
        number=row.number,
        red_number=row.red_number,
        refusal=row.refusal,
        requested_at=row.requested_at,
        issued_at=row.issued_at,
        has_file=row.file_key is not None,
    )


def invoices_of(order_id: str, *, client_id: str | None) -> list[Invoice]:
    """The order's invoices, the first one first; NotFound if it is another client's (None: staff ask)."""
    rows = table.invoices_of(order_id)
    if client_id is not None and any(row.client_id != client_id for row in rows):
        raise NotFound()
    return [_to_invoice(row) for row in rows]


def invoices_of_month(month: str, *, limit: int, after: str | None) -> tuple[list[Invoice], str | None]:
    """A page of the invoices that were asked for in a China month, latest first."""
    rows, last = table.invoices_of_month(month, limit=limit, after=after)
    return [_to_invoice(row) for row in rows], last


def link_to_file(invoice_id: str, *, client_id: str | None) -> str:
    """An address that opens the PDF for five minutes. Raises NotFound, InvoiceNotReady."""
    row = table.find_invoice(invoice_id) if is_invoice_id(invoice_id) else None
    if row is None or (client_id is not None and row.client_id != client_id):
        raise NotFound()
    if row.file_key is None:
        raise InvoiceNotReady()
    return files.link(row.file_key, name=f"电子发票-{row.number}.pdf")


def batch_of_month(tx: Tx, month: str, *, asked_by: str) -> str:
    """What the accountant has to issue or make red of a month's requests, as a CSV; the asking is on record."""
    lines: list[BatchLine] = []
    after: str | None = None
    while True:
        rows, after = table.invoices_of_month(month, limit=100, after=after)
        lines += [_batch_line(row) for row in rows if row.channel == InvoiceChannel.FILE and row.state in _OPEN]
        if after is None:
            break
    audit.record(tx, actor=asked_by, act="invoices.exported", subject=f"invoices-{month}")
    return batch_file(lines)


def _batch_line(row: InvoiceRow) -> BatchLine:
    return BatchLine(_order(row), reverses=row.number if row.state == InvoiceState.REVERSING else "")


def take_answers(tx: Tx, text: str, *, given_by: str) -> list[Invoice]:
    """What the accountant did, from their file: all of it or nothing. Raises Invalid for what is no answer of ours."""
    try:
        answers = read_answers(text)
    except BadInvoiceAnswers as problem:
        raise Invalid(errors=(FieldError("content", str(problem)),)) from None
    changed: list[InvoiceRow] = []
    for answer in answers:
        row = table.find_invoice(answer.number) if is_invoice_id(answer.number) else None
        if row is None or row.channel != InvoiceChannel.FILE:
            raise Invalid(errors=(FieldError("content", f"没有 {answer.number} 这张发票，或不是以文件开具的"),))
        if _is_news(row, answer):
            _take(tx, row, answer)
            changed.append(row)
    audit.record(tx, actor=given_by, act="invoices.answered", subject="invoices", after=_names(changed))
    return [_to_invoice(row) for row in changed]


def _is_news(row: InvoiceRow, answer: IssuedInvoice) -> bool:
    wanted = InvoiceState.REVERSING if answer.state is IssueState.REVERSED else InvoiceState.REQUESTED
    return row.state == wanted


def _names(rows: Sequence[InvoiceRow]) -> str:
    return " ".join(row.invoice_id for row in rows)
