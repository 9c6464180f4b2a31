"""Bodies and answers about refunds and what finance proposes. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from functions.settlement.rules.approvals import Proposal, ProposalState
from functions.settlement.rules.refunds import Refund, RefundKind, RefundReason, RefundState
from functions.shared import clock
from functions.shared.http.schemas import Body, PageQuery, Reading
from functions.shared.money import MAX_FEN

Reason = Annotated[str, msgspec.Meta(min_length=4, max_length=500, description="理由，至少 4 个字，永久保留")]
Amount = Annotated[int, msgspec.Meta(ge=1, le=MAX_FEN)]


class RefundView(Reading, frozen=True):
    """A refund; `abnormal` means that the payer's card or account did not take it and staff will be in touch."""

    refund_id: str
    payment_id: str
    order_id: str
    amount_fen: int
    state: RefundState
    reason: RefundReason
    reason_title: str
    requested_at: datetime
    succeeded_at: datetime | None

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        return cls(
            refund_id=refund.refund_id,
            payment_id=refund.payment_id,
            order_id=refund.order_id,
            amount_fen=refund.amount_fen,
            state=refund.state,
            reason=refund.reason,
            reason_title=refund.reason.label,
            requested_at=clock.china(refund.requested_at),
            succeeded_at=clock.china(refund.succeeded_at) if refund.succeeded_at else None,
        )


class RefundList(Reading, frozen=True):
    """All refunds of one order."""

    items: list[RefundView]


class OrderRefund(Body, frozen=True):
    """A refund of an order that ended. `amount_fen` is wanted for `partial` and `goodwill` only."""

    kind: Annotated[
        Literal["full", "fee_kept", "partial", "goodwill"],
        msgspec.Meta(
            description="full：退还全部余额；fee_kept：平台抽成保留，其余退还；"
            "partial：按分成比例由陪诊师与平台承担；goodwill：全部由平台承担"
        ),
    ]
    reason: Reason
    amount_fen: Amount | None = None
    supplement_id: Annotated[
        str, msgspec.Meta(max_length=64, description="退补充费用（延时、垫付）时填写那笔支付的编号；不填为订单本身")
    ] = ""


class Decision(Body, frozen=True):
    """Why a proposal is rejected."""

    reason: Reason


class RefundOrderView(Reading, frozen=True):
    """A refund that was ordered: who bears it, and whether a second person still has to agree."""

    refund_order_id: str
    order_id: str
    supplement_id: str | None
    """Set if a supplementary payment is given back, not the order's own."""
    kind: RefundKind
    amount_fen: int
    from_companion_fen: int
    from_platform_fen: int
    from_goodwill_fen: int
    state: ProposalState
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    refund_id: str | None
    """Set once it is carried out."""
    version: int

    @classmethod
    def of(cls, proposal: Proposal) -> "RefundOrderView":
        refund = proposal.refund
        assert refund is not None, "a refund order proposes a refund"
        return cls(
            refund_order_id=proposal.proposal_id,
            order_id=refund.order_id,
            supplement_id=refund.supplement_id or None,
            kind=refund.kind,
            amount_fen=refund.amount_fen,
            from_companion_fen=refund.from_companion_fen,
            from_platform_fen=refund.from_platform_fen,
            from_goodwill_fen=refund.from_goodwill_fen,
            state=proposal.state,
            reason=proposal.reason,
            proposed_by=proposal.proposed_by,
            proposed_at=clock.china(proposal.proposed_at),
            decided_by=proposal.decided_by,
            decided_at=clock.china(proposal.decided_at) if proposal.decided_at else None,
            refund_id=refund.refund_id or None,
            version=proposal.version,
        )


class BookingLineInput(Body, frozen=True):
    """A debit is positive, a credit negative."""

    account: Annotated[
        str, msgspec.Meta(min_length=1, max_length=100, description="科目，如 suspense、companion_debt:acc_…")
    ]
    amount_fen: Annotated[int, msgspec.Meta(ge=-MAX_FEN, le=MAX_FEN)]


class ReversedTransaction(Body, frozen=True):
    """The transaction to be reversed: what it is about, and its id."""

    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    transaction_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class ProposeBooking(Body, frozen=True):
    """Lines that sum to zero, or a transaction to reverse: one of the two."""

    reason: Reason
    lines: Annotated[tuple[BookingLineInput, ...], msgspec.Meta(max_length=10)] = ()
    reverses: ReversedTransaction | None = None


class BookingLineView(Reading, frozen=True):
    account: str
    amount_fen: int


class ManualBookingView(Reading, frozen=True):
    """A manual booking: it is in the ledger once a second person approved it."""

    booking_id: str
    state: ProposalState
    reason: str
    lines: list[BookingLineView]
    reverses_subject: str | None
    reverses_transaction_id: str | None
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    version: int

    @classmethod
    def of(cls, proposal: Proposal) -> "ManualBookingView":
        booking = proposal.booking
        assert booking is not None, "a manual booking proposes a booking"
        return cls(
            booking_id=proposal.proposal_id,
            state=proposal.state,
            reason=proposal.reason,
            lines=[BookingLineView(account=line.account, amount_fen=line.amount_fen) for line in booking.lines],
            reverses_subject=booking.reverses_subject or None,
            reverses_transaction_id=booking.reverses_id or None,
            proposed_by=proposal.proposed_by,
            proposed_at=clock.china(proposal.proposed_at),
            decided_by=proposal.decided_by,
            decided_at=clock.china(proposal.decided_at) if proposal.decided_at else None,
            version=proposal.version,
        )


class ProposalsQuery(PageQuery, frozen=True):
    month: Annotated[str, msgspec.Meta(pattern=r"^(20\d{2}-(0[1-9]|1[0-2]))?$", description="月份，默认本月")] = ""


class ProposalView(Reading, frozen=True):
    """One entry of what finance proposed in a month; exactly one of the two is set."""

    manual_booking: ManualBookingView | None
    refund_order: RefundOrderView | None

    @classmethod
    def of(cls, proposal: Proposal) -> "ProposalView":
        return cls(
            manual_booking=ManualBookingView.of(proposal) if proposal.booking else None,
            refund_order=RefundOrderView.of(proposal) if proposal.refund else None,
        )
