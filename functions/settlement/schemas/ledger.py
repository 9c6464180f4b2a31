"""Answers about the ledger. Amounts are integer fen, times RFC 3339 in +08:00."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from functions.settlement.actions.ledger import StatementPage
from functions.settlement.rules.ledger import Code, Kind, Transaction, TrialBalance
from functions.settlement.table import ProofRow
from functions.shared import clock
from functions.shared.http.schemas import Body, PageQuery, Reading, encode_cursor


class PostingView(Reading, frozen=True):
    """One line of a transaction: a debit is positive, a credit negative."""

    account: str
    title: str
    amount_fen: int


class TransactionView(Reading, frozen=True):
    """A ledger transaction; its postings sum to zero."""

    id: str
    event: str
    subject: str
    at: datetime
    postings: list[PostingView]

    @classmethod
    def of(cls, transaction: Transaction) -> "TransactionView":
        return cls(
            id=transaction.id,
            event=transaction.event,
            subject=transaction.subject,
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


class TrialBalanceQuery(Body, frozen=True):
    through: Annotated[
        str, msgspec.Meta(pattern=r"^(20\d{2}-(0[1-9]|1[0-2]))?$", description="截至该月月底；不填为当前")
    ] = ""


class StatementQuery(PageQuery, frozen=True):
    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    """The last day, included."""


class StatementLineView(Reading, frozen=True):
    """One posting: a debit is positive. `balance_fen` is the balance behind it, natural side up."""

    transaction_id: str
    subject: str
    at: datetime
    amount_fen: int
    balance_fen: int


class AccountStatementView(Reading, frozen=True):
    """Part of an account's statement; balances are positive on the side on which the account grows."""

    account: str
    title: str
    opening_fen: int
    items: list[StatementLineView]
    closing_fen: int
    next_cursor: str | None

    @classmethod
    def of(cls, page: StatementPage) -> "AccountStatementView":
        sign = page.account.code.kind.natural_sign
        return cls(
            account=str(page.account),
            title=page.account.code.label,
            opening_fen=page.opening_fen * sign,
            items=[
                StatementLineView(
                    transaction_id=line.transaction_id,
                    subject=line.subject,
                    at=clock.china(line.at),
                    amount_fen=line.amount_fen,
                    balance_fen=line.balance_fen * sign,
                )
                for line in page.lines
            ],
            closing_fen=page.closing_fen * sign,
            next_cursor=encode_cursor(page.next),
        )


class ProofView(Reading, frozen=True):
    """A night's proof of the ledger: `is_sound` once every part is through and nothing was wrong."""

    day: str
    rows: int
    is_finished: bool
    is_sound: bool
    wrong: int
    culprits: list[str]

    @classmethod
    def of(cls, parts: list[ProofRow]) -> "ProofView":
        is_begun = len(parts) == int(parts[0].parts)
        is_finished = is_begun and all(part.finished_at is not None for part in parts)
        wrong = sum(int(part.wrong) for part in parts)
        return cls(
            day=parts[0].day,
            rows=sum(int(part.rows_seen) for part in parts),
            is_finished=is_finished,
            is_sound=is_finished and not wrong,
            wrong=wrong,
            culprits=[culprit for part in parts for culprit in part.culprits],
        )
