"""Rows of the `settlement` table; the key layout is in the room's contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from functions.settlement.rules.income import Income, IncomeState
from functions.settlement.rules.ledger import SHARDS, Account, Code, Posting, Transaction, in_sequence
from functions.settlement.rules.payments import Payment, PaymentState
from functions.settlement.rules.policy import Policy
from functions.settlement.rules.refunds import Refund, RefundReason, RefundState
from functions.shared import ids
from functions.shared.table import (
    FenAttribute,
    InstantAttribute,
    JsonAttribute,
    Row,
    find,
    find_all,
    keep,
    query_page,
)
from functions.shared.tx import Tx

Key = tuple[str, str]
NOTIFICATION_KEPT = timedelta(days=90)
_MAX_OF_ONE_ORDER = 100


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
    state = UnicodeAttribute()
    created_at = InstantAttribute()
    asked_at = InstantAttribute()
    """When the client last got parameters to pay with."""
    expires_at = InstantAttribute()
    checks = NumberAttribute(default=0)
    """Active queries made by the timer so far."""
    mismatch: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...], null=True)
    """Fields in which the provider contradicted us; set means quarantined."""
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
    """What is known of an order's division: the insurer from its policy, the rest from its completion."""

    insurer_id = UnicodeAttribute(null=True)
    companion_id = UnicodeAttribute(null=True)
    premium_fen = FenAttribute(null=True)


class IncomeRow(SettlementRow, discriminator="income"):
    order_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    price_fen = FenAttribute()
    subsidy_fen = FenAttribute()
    commission_fen = FenAttribute()
    premium_fen = FenAttribute()
    share_fen = FenAttribute()
    state = UnicodeAttribute()
    completed_at = InstantAttribute()
    release_at = InstantAttribute()

    def to_income(self) -> Income:
        return Income(
            order_id=self.order_id,
            companion_id=self.companion_id,
            price_fen=self.price_fen,
            subsidy_fen=self.subsidy_fen,
            commission_fen=self.commission_fen,
            premium_fen=self.premium_fen,
            share_fen=self.share_fen,
            state=IncomeState(self.state),
            completed_at=self.completed_at,
            release_at=self.release_at,
            version=int(self.version),
        )


class TransactionRow(SettlementRow, discriminator="ledger_transaction"):
    id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    at = InstantAttribute()
    postings: JsonAttribute[tuple[Posting, ...]] = JsonAttribute(tuple[Posting, ...])

    def to_transaction(self) -> Transaction:
        return Transaction(self.id, self.order_id, self.at, self.postings)


class LineRow(SettlementRow, discriminator="statement_line"):
    """One posting as its account's statement shows it."""

    transaction_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    at = InstantAttribute()
    amount_fen = FenAttribute()


class BalanceRow(SettlementRow, discriminator="account_balance"):
    """The signed balance of an account that has an owner (of one part of it where the account is sharded)."""

    balance_fen = FenAttribute()


class TotalsRow(SettlementRow, discriminator="ledger_totals"):
    """One part of the signed totals per account code, of all owners together; attributes are named like the codes."""

    provider_clearing = NumberAttribute(null=True)
    client_funds_held = NumberAttribute(null=True)
    refund_payable = NumberAttribute(null=True)
    companion_pending = NumberAttribute(null=True)
    companion_available = NumberAttribute(null=True)
    premium_payable = NumberAttribute(null=True)
    suspense = NumberAttribute(null=True)
    commission = NumberAttribute(null=True)
    subsidy = NumberAttribute(null=True)

    def to_totals(self) -> dict[Code, int]:
        return {code: int(getattr(self, code.value) or 0) for code in Code}


_CONFIG: Key = ("CONFIG", "policy")


def policy() -> Policy:
    """The thresholds in force, read at most once a minute."""
    row = keep(PolicyRow, *_CONFIG)
    return row.policy if row else Policy()


def put_policy(tx: Tx, wanted: Policy) -> None:
    """Replace the thresholds."""
    row = find(PolicyRow, *_CONFIG) or PolicyRow(*_CONFIG)
    row.policy = wanted
    tx.save(row)


def payment_key(payment_id: str) -> Key:
    """A payment lies with its order, whose id follows from its own."""
    return f"ORDER#{ids.derived('ord', payment_id)}", f"PAYMENT#{payment_id}"


def refund_key(order_id: str, refund_id: str) -> Key:
    return f"ORDER#{order_id}", f"REFUND#{refund_id}"


def money_key(order_id: str) -> Key:
    return f"ORDER#{order_id}", "MONEY"


def income_key(companion_id: str, order_id: str) -> Key:
    return f"COMPANION#{companion_id}", f"INCOME#{order_id}"


def notification_key(notification_id: str) -> Key:
    return f"NOTIFICATION#{notification_id}", "NOTIFICATION"


def transaction_key(order_id: str, transaction_id: str) -> Key:
    return f"ORDER#{order_id}", f"LTX#{transaction_id}"


def account_pk(account: Account, shard: int) -> str:
    """The partition of an account's balance and statement: one of sixteen where it serves many orders."""
    return f"ACCOUNT#{account}#{shard:02d}" if account.code.scope.is_sharded else f"ACCOUNT#{account}"


def balance_key(account: Account, shard: int = 0) -> Key:
    return account_pk(account, shard), "BALANCE"


def totals_key(shard: int) -> Key:
    return f"TOTALS#{shard:02d}", "TOTALS"


def line_row(account: Account, shard: int, transaction: Transaction, amount_fen: int) -> LineRow:
    """The posting's line in its account's statement, in order of time."""
    stamp = f"{transaction.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"
    return LineRow(
        account_pk(account, shard),
        f"LINE#{stamp}#{transaction.id}",
        transaction_id=transaction.id,
        order_id=transaction.order_id,
        at=transaction.at,
        amount_fen=amount_fen,
    )


def find_payment(payment_id: str) -> PaymentRow | None:
    return find(PaymentRow, *payment_key(payment_id))


def find_refund(order_id: str, refund_id: str) -> RefundRow | None:
    return find(RefundRow, *refund_key(order_id, refund_id))


def find_money(order_id: str) -> OrderMoneyRow | None:
    return find(OrderMoneyRow, *money_key(order_id))


def find_income(companion_id: str, order_id: str) -> IncomeRow | None:
    return find(IncomeRow, *income_key(companion_id, order_id))


def find_payment_and_notification(payment_id: str, notification_id: str) -> tuple[PaymentRow | None, bool]:
    """The payment, and whether this notification was dealt with before: one BatchGetItem."""
    payment_at, notification_at = payment_key(payment_id), notification_key(notification_id)
    rows = find_all(SettlementRow, [payment_at, notification_at])
    payment = rows.get(payment_at)
    return (payment if isinstance(payment, PaymentRow) else None), notification_at in rows


@dataclass(frozen=True)
class MoneyOfOrder:
    """What decides about an order's money: its payment, its division, its refund, what is held."""

    payment: PaymentRow | None
    refund: RefundRow | None
    money: OrderMoneyRow | None
    held_fen: int


def find_money_of_order(order_id: str, *, payment_id: str, refund_id: str, held: Account) -> MoneyOfOrder:
    """All of it in one BatchGetItem; `held_fen` is what the order's account holds for its client."""
    keys = (payment_key(payment_id), refund_key(order_id, refund_id), money_key(order_id), balance_key(held))
    payment, refund, money, balance = map(find_all(SettlementRow, keys).get, keys)
    return MoneyOfOrder(
        payment if isinstance(payment, PaymentRow) else None,
        refund if isinstance(refund, RefundRow) else None,
        money if isinstance(money, OrderMoneyRow) else None,
        -balance.balance_fen if isinstance(balance, BalanceRow) else 0,
    )


def find_balances(accounts: Sequence[Account]) -> list[int]:
    """The signed balance of each unsharded account: one BatchGetItem."""
    keys = [balance_key(account) for account in accounts]
    rows = find_all(SettlementRow, keys)
    return [row.balance_fen if isinstance(row := rows.get(key), BalanceRow) else 0 for key in keys]


def find_totals() -> dict[Code, int]:
    """The signed total of every account code, over all its parts: one BatchGetItem."""
    rows = find_all(SettlementRow, [totals_key(shard) for shard in range(SHARDS)]).values()
    parts = [row.to_totals() for row in rows if isinstance(row, TotalsRow)]
    return {code: sum(part[code] for part in parts) for code in Code}


def transactions_of(order_id: str) -> list[Transaction]:
    """Everything that was booked for an order, oldest first: one Query."""
    rows, _ = query_page(TransactionRow, f"ORDER#{order_id}", prefix="LTX#", limit=_MAX_OF_ONE_ORDER)
    return in_sequence(row.to_transaction() for row in rows)


def refunds_of(order_id: str) -> list[RefundRow]:
    """The order's refunds: one Query."""
    rows, _ = query_page(RefundRow, f"ORDER#{order_id}", prefix="REFUND#", limit=_MAX_OF_ONE_ORDER)
    return list(rows)


def incomes_of(companion_id: str, *, limit: int, after: str | None) -> tuple[list[Income], str | None]:
    """A page of a companion's incomes, latest order first: one Query."""
    pk = f"COMPANION#{companion_id}"
    rows, last = query_page(IncomeRow, pk, prefix="INCOME#", limit=limit, after=after, newest_first=True)
    return [row.to_income() for row in rows], last


def statement_of(account: Account, *, shard: int, limit: int, after: str | None) -> tuple[list[LineRow], str | None]:
    """A page of an account's lines, oldest first: one Query (per part of a sharded account)."""
    rows, last = query_page(LineRow, account_pk(account, shard), prefix="LINE#", limit=limit, after=after)
    return list(rows), last
