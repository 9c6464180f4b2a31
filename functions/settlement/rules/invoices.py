"""E-invoices (数电票): who may have one, over how much, and what a refund does to it (F32).

An invoice is over what the client paid and did not get back, less the premium, which the insurer invoices. A refund
makes the whole invoice red and, if anything is left, brings a new one over the rest: so invoices always sum to it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.settlement.rules.payments import IllegalMove
from functions.shared import ids
from functions.shared.errors import Conflict, FieldError, Invalid


class InvoiceState(StrEnum):
    REQUESTED = "requested"
    ISSUING = "issuing"
    """The issuer has it."""
    ISSUED = "issued"
    REVERSING = "reversing"
    """The red invoice is asked for."""
    REVERSED = "reversed"
    REFUSED = "refused"
    """The issuer would not; the client may ask again with another title."""


INVOICE_MOVES: Mapping[InvoiceState, frozenset[InvoiceState]] = {
    InvoiceState.REQUESTED: frozenset({InvoiceState.ISSUING, InvoiceState.ISSUED, InvoiceState.REFUSED}),
    InvoiceState.ISSUING: frozenset({InvoiceState.ISSUED, InvoiceState.REFUSED}),
    InvoiceState.ISSUED: frozenset({InvoiceState.REVERSING}),
    InvoiceState.REVERSING: frozenset({InvoiceState.REVERSED}),
    InvoiceState.REVERSED: frozenset(),
    InvoiceState.REFUSED: frozenset(),
}
OVER = frozenset({InvoiceState.REVERSED, InvoiceState.REFUSED})
"""States after which another invoice may be asked for."""


class TitleKind(StrEnum):
    INDIVIDUAL = "individual"
    ORGANIZATION = "organization"


@dataclass(frozen=True, kw_only=True)
class Title:
    """To whom an invoice is made out (抬头)."""

    kind: TitleKind
    name: str
    taxpayer_id: str = ""
    email: str = ""


class NotInvoiceable(Conflict):
    """The order is not over, or nothing of it is the client's cost."""

    code = "not_invoiceable"
    title = "订单尚未完成，或没有可开票金额"


class InvoiceExists(Conflict):
    """There is an invoice already, or it is being made."""

    code = "invoice_exists"
    title = "该订单已开具或正在开具发票"


class InvoiceNotReady(Conflict):
    """The file is not there yet."""

    code = "invoice_not_ready"
    title = "发票文件尚未生成，请稍后再试"


def move_invoice(state: InvoiceState, to: InvoiceState) -> InvoiceState:
    """`to`, if an invoice may go there from `state`; otherwise IllegalMove."""
    if to not in INVOICE_MOVES[state]:
        raise IllegalMove(f"发票状态不能从 {state} 变为 {to}")
    return to


def invoiceable_fen(*, paid_fen: int, refunded_fen: int, premium_fen: int) -> int:
    """What an invoice of the order is over; 0 if there is nothing to invoice."""
    return max(0, paid_fen - refunded_fen - premium_fen)


def invoice_id_of(order_id: str, number: int) -> str:
    """The id of an order's invoice number `number`, from 1; it leads to the order."""
    return f"{ids.derived('inv', order_id)}-{number}"


def order_id_of(invoice_id: str) -> str:
    """The order of which this is an invoice."""
    return ids.derived("ord", invoice_id.partition("-")[0])


def is_invoice_id(text: str) -> bool:
    """Whether `text` has the form of an invoice's id."""
    first, dash, number = text.partition("-")
    return bool(dash) and ids.is_id("inv", first) and number.isdecimal() and len(number) <= 2


_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_OLD_IDS = re.compile(r"[0-9]{15}|[0-9A-Z]{20}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{2,100}")


def is_credit_code(text: str) -> bool:
    """Whether `text` is a 统一社会信用代码 with a right check character (GB 32100-2015)."""
    if len(text) != 18 or any(character not in _ALPHABET for character in text):
        return False
    total = sum(_ALPHABET.index(character) * weight for character, weight in zip(text, _WEIGHTS, strict=False))
    return _ALPHABET.index(text[17]) == -total % 31


def checked_title(title: Title) -> Title:
    """The title with its spaces trimmed. Raises Invalid: an organisation needs its tax id, a person must not have one.

    Source of the forms of ids: GB 32100-2015, and the 15 and 20 characters of ids issued before it.
    """
    name, taxpayer_id = title.name.strip(), title.taxpayer_id.strip().upper()
    errors: list[FieldError] = []
    if not _NAME.fullmatch(name):
        errors.append(FieldError("title.name", "抬头名称应为 2 至 100 个字"))
    if title.kind is TitleKind.ORGANIZATION:
        if not taxpayer_id:
            errors.append(FieldError("title.taxpayer_id", "单位抬头须填写纳税人识别号"))
        elif not is_credit_code(taxpayer_id) and not _OLD_IDS.fullmatch(taxpayer_id):
            errors.append(FieldError("title.taxpayer_id", "纳税人识别号有误，请核对统一社会信用代码"))
    elif taxpayer_id:
        errors.append(FieldError("title.taxpayer_id", "个人抬头不填纳税人识别号"))
    if errors:
        raise Invalid(errors=tuple(errors))
    return Title(kind=title.kind, name=name, taxpayer_id=taxpayer_id, email=title.email.strip())


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """An invoice as callers see it."""

    invoice_id: str
    order_id: str
    client_id: str
    amount_fen: int
    state: InvoiceState
    title: Title
    number: str
    """The tax office's; empty until issued."""
    red_number: str
    refusal: str
    requested_at: datetime
    issued_at: datetime | None
    has_file: bool
