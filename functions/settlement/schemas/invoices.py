"""Bodies and answers about e-invoices. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.settlement.rules.invoices import Invoice, InvoiceState, Title, TitleKind
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading

_TITLES = {
    InvoiceState.REQUESTED: "已申请",
    InvoiceState.ISSUING: "开具中",
    InvoiceState.ISSUED: "已开具",
    InvoiceState.REVERSING: "红冲中",
    InvoiceState.REVERSED: "已红冲",
    InvoiceState.REFUSED: "开具失败",
}


class TitleBody(Body, frozen=True):
    """抬头：单位须填纳税人识别号，个人不填。"""

    kind: TitleKind
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=100)]
    taxpayer_id: Annotated[str, msgspec.Meta(max_length=20)] = ""
    email: Annotated[str, msgspec.Meta(max_length=100, pattern=r"^([^@\s]+@[^@\s]+\.[^@\s]+)?$")] = ""

    def to_title(self) -> Title:
        return Title(kind=self.kind, name=self.name, taxpayer_id=self.taxpayer_id, email=self.email)


class RequestInvoice(Body, frozen=True):
    title: TitleBody


class InvoiceView(Reading, frozen=True):
    """An e-invoice; `number` is the tax office's, empty until it is issued."""

    invoice_id: str
    order_id: str
    amount_fen: int
    state: InvoiceState
    state_title: str
    title_kind: TitleKind
    title_name: str
    taxpayer_id: str
    number: str
    red_number: str
    refusal: str
    requested_at: datetime
    issued_at: datetime | None
    has_file: bool

    @classmethod
    def of(cls, invoice: Invoice) -> "InvoiceView":
        return cls(
            invoice_id=invoice.invoice_id,
            order_id=invoice.order_id,
            amount_fen=invoice.amount_fen,
            state=invoice.state,
            state_title=_TITLES[invoice.state],
            title_kind=invoice.title.kind,
            title_name=invoice.title.name,
            taxpayer_id=invoice.title.taxpayer_id,
            number=invoice.number,
            red_number=invoice.red_number,
            refusal=invoice.refusal,
            requested_at=clock.china(invoice.requested_at),
            issued_at=clock.china(invoice.issued_at) if invoice.issued_at else None,
            has_file=invoice.has_file,
        )


class InvoiceList(Reading, frozen=True):
    items: list[InvoiceView]


class InvoiceFileView(Reading, frozen=True):
    """Where the PDF can be fetched for five minutes."""

    url: str
    expires_at: datetime


class InvoicesQuery(Body, frozen=True):
    month: Annotated[str, msgspec.Meta(pattern=r"^(20\d{2}-(0[1-9]|1[0-2]))?$", description="默认为本月")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100, description="每页条数")] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=512, description="上一页返回的 next_cursor")] = ""


class InvoiceAnswers(Body, frozen=True):
    """会计开具后的结果（CSV 文本）：商户发票单号、结果、发票号码、开票日期、原因。"""

    content: Annotated[str, msgspec.Meta(min_length=1, max_length=50_000)]
