"""Rows about payments, refunds, incomes and proposals."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.settlement.rules.approvals import BookingProposal, Proposal, ProposalState, RefundProposal
from functions.settlement.rules.income import Income, IncomeKind, IncomeState
from functions.settlement.rules.payments import Payment, PaymentMethod, PaymentState
from functions.settlement.rules.policy import Policy
from functions.settlement.rules.refunds import Refund, RefundReason, RefundState
from functions.settlement.table.keys import proposal_entry_key
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, Row


class SettlementRow(Row):
    class Meta:
        table_name = "settlement"


class PolicyRow(SettlementRow, discriminator="settlement_policy"):
    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


class PaymentRow(SettlementRow, discriminator="payment"):
    payment_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    amount_fen = FenAttribute()
    method = UnicodeAttribute(default=PaymentMethod.JSAPI)
    state = UnicodeAttribute()
    created_at = InstantAttribute()
    asked_at = InstantAttribute()
    """When the client last got parameters to pay with."""
    queried_at = InstantAttribute(null=True)
    """When the provider was last asked because the client looked."""
    expires_at = InstantAttribute()
    checks = NumberAttribute(default=0)
    """Active queries made by the timer so far."""
    mismatch: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...], null=True)
    """Fields in which the provider contradicted us; set means quarantined."""
    covers: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...], null=True)
    """The items that a supplement pays; absent on an order's own payment."""
    suspense_fen = FenAttribute(null=True)
    """What was booked as unexplained."""
    transaction_id = UnicodeAttribute(null=True)
    """The provider's own number."""
    paid_at = InstantAttribute(null=True)

    def to_payment(self) -> Payment:
        return Payment(
            payment_id=self.payment_id,
            order_id=self.order_id,
            client_id=self.client_id,
            amount_fen=self.amount_fen,
            method=PaymentMethod(self.method),
            state=PaymentState(self.state),
            is_quarantined=bool(self.mismatch),
            created_at=self.created_at,
            expires_at=self.expires_at,
            paid_at=self.paid_at,
            version=int(self.version),
        )


class RefundRow(SettlementRow, discriminator="refund"):
    refund_id = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    amount_fen = FenAttribute()
    total_fen = FenAttribute()
    """The payment's amount, which the provider wants to be told."""
    state = UnicodeAttribute()
    reason = UnicodeAttribute()
    requested_at = InstantAttribute()
    asked_at = InstantAttribute(null=True)
    """When the provider was last asked for it."""
    checks = NumberAttribute(default=0)
    refusal = UnicodeAttribute(null=True)
    """The provider's code of its last refusal."""
    succeeded_at = InstantAttribute(null=True)

    def to_refund(self) -> Refund:
        return Refund(
            refund_id=self.refund_id,
            payment_id=self.payment_id,
            order_id=self.order_id,
            client_id=self.client_id,
            amount_fen=self.amount_fen,
            state=RefundState(self.state),
            reason=RefundReason(self.reason),
            requested_at=self.requested_at,
            succeeded_at=self.succeeded_at,
        )


class NotificationRow(SettlementRow, discriminator="provider_notification"):
    """A provider's notification that contradicted us or that we acted on; kept so that its repetition is known."""

    about = UnicodeAttribute()
    outcome = UnicodeAttribute()
    received_at = InstantAttribute()


class OrderMoneyRow(SettlementRow, discriminator="order_money"):
    """How an order's money went: the insurer from its policy, the rest from its end and from its refunds.

    A supplementary payment has a row of its own: what was divided of it, and what went back.
    """

    insurer_id = UnicodeAttribute(null=True)
    settled = UnicodeAttribute(null=True)
    """`divided` after a visit, `closed` without one; absent as long as the money is held."""
    settled_at = InstantAttribute(null=True)
    companion_id = UnicodeAttribute(null=True)
    """Whose income came of it, if any did."""
    premium_fen = FenAttribute(null=True)
    premium_kept_fen = FenAttribute(default=0)
    """What the insurer kept although the client got everything back."""
    share_fen = FenAttribute(default=0)
    commission_fen = FenAttribute(default=0)
    refunds = NumberAttribute(default=0)
    invoices = NumberAttribute(default=0)
    refunded_fen = FenAttribute(default=0)
    clawed_fen = FenAttribute(default=0)
    """Of the refunds, what the companion bore."""
    ordered_back_fen = FenAttribute(default=0)
    """Of the refunds, what persons ordered."""
    commission_back_fen = FenAttribute(default=0)
    """Of the refunds, what came out of the commission."""
    complaints: JsonAttribute[dict[str, bool]] = JsonAttribute(dict[str, bool], default=dict)
    """The complaints about the order that were heard of; true while one is open."""

    @property
    def is_held(self) -> bool:
        """A complaint is open: what the order brought is not released."""
        return any(self.complaints.values())


class IncomeRow(SettlementRow, discriminator="income"):
    order_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    income_kind = UnicodeAttribute()
    price_fen = FenAttribute()
    subsidy_fen = FenAttribute()
    coupon_fen = FenAttribute()
    commission_fen = FenAttribute()
    premium_fen = FenAttribute()
    share_fen = FenAttribute()
    expenses_fen = FenAttribute(default=0)
    supplement_id = UnicodeAttribute(null=True)
    """The supplementary payment that brought it; absent for what the order itself brought."""
    clawed_fen = FenAttribute(default=0)
    repaid_fen = FenAttribute(default=0)
    state = UnicodeAttribute()
    completed_at = InstantAttribute()
    release_at = InstantAttribute()

    def to_income(self) -> Income:
        return Income(
            order_id=self.order_id,
            companion_id=self.companion_id,
            kind=IncomeKind(self.income_kind),
            price_fen=self.price_fen,
            subsidy_fen=self.subsidy_fen,
            coupon_fen=self.coupon_fen,
            commission_fen=self.commission_fen,
            premium_fen=self.premium_fen,
            share_fen=self.share_fen,
            expenses_fen=self.expenses_fen,
            supplement_id=self.supplement_id,
            clawed_fen=self.clawed_fen,
            repaid_fen=self.repaid_fen,
            state=IncomeState(self.state),
            completed_at=self.completed_at,
            release_at=self.release_at,
            version=int(self.version),
        )


class ProposalEntryRow(SettlementRow, discriminator="proposal_entry"):
    proposal_id = UnicodeAttribute()


class ProposalRow(SettlementRow, discriminator="proposal"):
    """What one person of finance wants and a second one decides; exactly one of `booking` and `refund` is set."""

    proposal_id = UnicodeAttribute()
    state = UnicodeAttribute()
    reason = UnicodeAttribute()
    proposed_by = UnicodeAttribute()
    proposed_at = InstantAttribute()
    decided_by = UnicodeAttribute(null=True)
    decided_at = InstantAttribute(null=True)
    booking: JsonAttribute[BookingProposal] = JsonAttribute(BookingProposal, null=True)
    refund: JsonAttribute[RefundProposal] = JsonAttribute(RefundProposal, null=True)

    @property
    def entry(self) -> "ProposalEntryRow":
        """That it was made in its month; inserted with it."""
        return ProposalEntryRow(*proposal_entry_key(self.proposal_id, self.proposed_at), proposal_id=self.proposal_id)

    def to_proposal(self) -> Proposal:
        return Proposal(
            proposal_id=self.proposal_id,
            state=ProposalState(self.state),
            reason=self.reason,
            proposed_by=self.proposed_by,
            proposed_at=self.proposed_at,
            decided_by=self.decided_by,
            decided_at=self.decided_at,
            booking=self.booking,
            refund=self.refund,
            version=int(self.version),
        )


class StatementFileRow(SettlementRow, discriminator="statement_file"):
    """A companion's statement that was made; the file itself is in the bucket."""

    companion_id = UnicodeAttribute()
    period = UnicodeAttribute()
    file_key = UnicodeAttribute()
    made_at = InstantAttribute()


class ProofRow(SettlementRow, discriminator="ledger_proof"):
    """How far one part of a night's proof of the ledger has come."""

    day = UnicodeAttribute()
    part = NumberAttribute()
    parts = NumberAttribute()
    behind_pk = UnicodeAttribute(null=True)
    behind_sk = UnicodeAttribute(null=True)
    """The last row that was looked at."""
    rows_seen = NumberAttribute(default=0)
    wrong = NumberAttribute(default=0)
    culprits: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...])
    """The first findings."""
    finished_at = InstantAttribute(null=True)
