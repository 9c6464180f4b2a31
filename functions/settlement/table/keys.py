"""Where each row of the `settlement` table stands; the layout as a whole is in the room's contract."""

from datetime import UTC, date, datetime

from functions.settlement.rules.ledger import Account, month_of
from functions.shared import clock, ids

Key = tuple[str, str]
POLICY: Key = ("CONFIG", "policy")


def stamp(at: datetime) -> str:
    """An instant as text of fixed width that sorts by time."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"


def order_pk(order_id: str) -> str:
    return f"ORDER#{order_id}"


def payment_key(payment_id: str) -> Key:
    """A payment lies with its order, whose id follows from its own."""
    return order_pk(ids.derived("ord", payment_id)), f"PAYMENT#{payment_id}"


def refund_key(order_id: str, refund_id: str) -> Key:
    return order_pk(order_id), f"REFUND#{refund_id}"


def money_key(order_id: str, supplement_id: str = "") -> Key:
    return order_pk(order_id), f"MONEY#{supplement_id}" if supplement_id else "MONEY"


def income_key(companion_id: str, order_id: str, completed_at: datetime) -> Key:
    """Incomes are in order of completion, so that a period of a statement is one range. (Of a supplement: its id.)"""
    return f"COMPANION#{companion_id}", f"INCOME#{stamp(completed_at)}#{order_id}"


def notification_key(notification_id: str) -> Key:
    return f"NOTIFICATION#{notification_id}", "NOTIFICATION"


def proposals_pk(month: str) -> str:
    return f"PROPOSALS#{month}"


def proposal_key(proposal_id: str) -> Key:
    return f"PROPOSAL#{proposal_id}", "PROPOSAL"


def proposal_entry_key(proposal_id: str, proposed_at: datetime) -> Key:
    """Its place among the proposals of the China month in which it was made, in order of time."""
    return proposals_pk(month_of(proposed_at)), f"{stamp(proposed_at)}#{proposal_id}"


def books_pk(subject: str) -> str:
    """The partition of the transactions about an object: with the order, or by themselves."""
    return order_pk(subject) if subject.startswith("ord_") else f"BOOKS#{subject}"


def transaction_key(subject: str, transaction_id: str) -> Key:
    return books_pk(subject), f"LTX#{transaction_id}"


def journal_pk(day: date, shard: int) -> str:
    return f"JOURNAL#{day}#{shard:02d}"


def journal_key(at: datetime, transaction_id: str, shard: int) -> Key:
    """The transaction's place in the journal of its China day, in order of time."""
    return journal_pk(clock.service_date(at), shard), f"{stamp(at)}#{transaction_id}"


def account_pk(account: Account, shard: int) -> str:
    """The partition of an account's balance and statement: one of sixteen where it serves many orders."""
    return f"ACCOUNT#{account}#{shard:02d}" if account.is_sharded else f"ACCOUNT#{account}"


def balance_key(account: Account, shard: int = 0, month: str = "") -> Key:
    """A sharded account's balance is kept by month (what was booked in it), any other's as one."""
    return account_pk(account, shard), f"BALANCE#{month}" if account.is_sharded else "BALANCE"


def totals_pk(shard: int) -> str:
    return f"TOTALS#{shard:02d}"


def totals_key(shard: int, month: str) -> Key:
    return totals_pk(shard), f"TOTALS#{month}"


def line_key(account: Account, shard: int, at: datetime, transaction_id: str) -> Key:
    """The posting's place in its account's statement, in order of time."""
    return account_pk(account, shard), f"LINE#{stamp(at)}#{transaction_id}"


def proof_pk(day: str) -> str:
    """The parts of a night's proof (`2026-03-02`, the China day on which it began)."""
    return f"PROOF#{day}"


def proof_key(day: str, part: int) -> Key:
    return proof_pk(day), f"PART#{part:02d}"
