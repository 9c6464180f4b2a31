"""Bodies and answers of the money routes. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from functions.settlement.gateways.payments import Prepay
from functions.settlement.rules.income import Earnings, Income, IncomeState
from functions.settlement.rules.ledger import Code, Kind, Transaction, TrialBalance
from functions.settlement.rules.payments import Payment, PaymentState
from functions.settlement.rules.refunds import Refund, RefundReason, RefundState
from functions.shared import clock
from functions.shared.http.schemas import Body, Reading


class StartPayment(Body, frozen=True):
    """How the client wants to pay. The amount is the order's and is not asked for."""

    method: Annotated[Literal["jsapi"], msgspec.Meta(description="jsapi：小程序内的微信支付")]


class JsapiParameters(Reading, frozen=True, rename="camel"):
    """What `wx.requestPayment` takes, unchanged."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str

    @classmethod
    def of(cls, prepay: Prepay) -> "JsapiParameters":
        return cls(
            app_id=prepay.app_id,
            time_stamp=prepay.time_stamp,
            nonce_str=prepay.nonce_str,
            package=prepay.package,
            sign_type=prepay.sign_type,
            pay_sign=prepay.pay_sign,
        )


class StartedPayment(Reading, frozen=True):
    """A payment that waits for the client, until `expires_at`."""

    payment_id: str
    order_id: str
    state: PaymentState
    amount_fen: int
    expires_at: datetime
    jsapi: JsapiParameters

    @classmethod
    def of(cls, payment: Payment, prepay: Prepay) -> "StartedPayment":
        return cls(
            payment_id=payment.payment_id,
            order_id=payment.order_id,
            state=payment.state,
            amount_fen=payment.amount_fen,
            expires_at=clock.china(payment.expires_at),
            jsapi=JsapiParameters.of(prepay),
        )


class PaymentView(Reading, frozen=True):
    """A payment. `is_under_review`: the provider's words contradict ours and staff are looking."""

    payment_id: str
    order_id: str
    state: PaymentState
    amount_fen: int
    is_under_review: bool
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    version: int

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        return cls(
            payment_id=payment.payment_id,
            order_id=payment.order_id,
            state=payment.state,
            amount_fen=payment.amount_fen,
            is_under_review=payment.is_quarantined,
            created_at=clock.china(payment.created_at),
            expires_at=clock.china(payment.expires_at),
            paid_at=clock.china(payment.paid_at) if payment.paid_at else None,
            version=payment.version,
        )


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


class EarningsView(Reading, frozen=True):
    """What the companion is owed: within the complaint window, and free to withdraw."""

    pending_fen: int
    available_fen: int

    @classmethod
    def of(cls, earnings: Earnings) -> "EarningsView":
        return cls(pending_fen=earnings.pending_fen, available_fen=earnings.available_fen)


class IncomeView(Reading, frozen=True):
    """One order's income with every deduction: price + subsidy = share + commission + premium."""

    order_id: str
    price_fen: int
    subsidy_fen: int
    commission_fen: int
    premium_fen: int
    share_fen: int
    state: IncomeState
    completed_at: datetime
    release_at: datetime
    version: int

    @classmethod
    def of(cls, income: Income) -> "IncomeView":
        return cls(
            order_id=income.order_id,
            price_fen=income.price_fen,
            subsidy_fen=income.subsidy_fen,
            commission_fen=income.commission_fen,
            premium_fen=income.premium_fen,
            share_fen=income.share_fen,
            state=income.state,
            completed_at=clock.china(income.completed_at),
            release_at=clock.china(income.release_at),
            version=income.version,
        )


class PostingView(Reading, frozen=True):
    """One line of a transaction: a debit is positive, a credit negative."""

    account: str
    title: str
    amount_fen: int


class TransactionView(Reading, frozen=True):
    """A ledger transaction; its postings sum to zero."""

    id: str
    event: str
    at: datetime
    postings: list[PostingView]

    @classmethod
    def of(cls, transaction: Transaction) -> "TransactionView":
        return cls(
            id=transaction.id,
            event=transaction.event,
            at=clock.china(transaction.at),
            postings=[
                PostingView(
                    account=str(posting.account), title=posting.account.code.label, amount_fen=posting.amount_fen
                )
                for posting in transaction.postings
            ],
        )


class OrderLedgerView(Reading, frozen=True):
    """Everything that was booked for one order, oldest first."""

    order_id: str
    transactions: list[TransactionView]


class AccountTotalView(Reading, frozen=True):
    """All accounts of one code together; the balance is positive on the side on which the account grows."""

    code: Code
    title: str
    kind: Kind
    debit_fen: int
    credit_fen: int
    balance_fen: int


class TrialBalanceView(Reading, frozen=True):
    """The whole ledger by account code; debits equal credits."""

    accounts: list[AccountTotalView]
    debit_fen: int
    credit_fen: int
    is_balanced: bool

    @classmethod
    def of(cls, trial: TrialBalance) -> "TrialBalanceView":
        return cls(
            accounts=[
                AccountTotalView(
                    code=code,
                    title=code.label,
                    kind=code.kind,
                    debit_fen=max(amount, 0),
                    credit_fen=max(-amount, 0),
                    balance_fen=amount * code.kind.natural_sign,
                )
                for code, amount in trial.totals.items()
            ],
            debit_fen=trial.debit_fen,
            credit_fen=trial.credit_fen,
            is_balanced=trial.is_balanced,
        )
