"""Leave to be paid without confirming: asked for, agreed to in WeChat, used by transfers, ended by anybody (F26).

A companion has one leave at a time, for all WeChat payees are the same WeChat. What became of it is told by a
notification, by the timer's query, when the companion looks, and when WeChat refuses a transfer that relied on it.
"""

from datetime import datetime, timedelta

from functions.settlement import provider, table
from functions.settlement.gateways.payments import PaymentRejected, PaymentUnknown
from functions.settlement.gateways.wechat_authorizations import LeaveState, ProviderAuthorization
from functions.settlement.rules.authorizations import (
    AUTHORIZATION_MOVES,
    OVER,
    AuthorizationClosing,
    AuthorizationRefused,
    AuthorizationState,
    companion_of,
    number_of,
)
from functions.settlement.table import payouts as payout_table
from functions.settlement.table.payouts import AuthorizationRow
from functions.shared import ids, observe
from functions.shared.errors import NotFound
from functions.shared.events import Timer
from functions.shared.tx import Tx

_S = AuthorizationState
_OVERDUE = "USER_OVERDUE_UNCONFIRMED"


def ask_authorization(tx: Tx, *, companion_id: str) -> AuthorizationRow:
    """Ask WeChat for leave, or for the one that still waits; one in force is returned as it is.

    If WeChat does not answer, it has no `confirmation` yet and is asked for again under the same number. Raises
    NotFound for who has no WeChat here, AuthorizationClosing, AuthorizationRefused.
    """
    row = payout_table.find_authorization(companion_id)
    if row is not None and row.state == _S.ACTIVE:
        return row
    if row is not None and row.state == _S.CLOSING:
        raise AuthorizationClosing()
    is_new = row is None or row.authorization_state in OVER
    row = _begun(tx, companion_id, row) if row is None or is_new else row
    try:
        _take(row, tx.once(row.number, lambda: _apply(row)), at=tx.now)
    except PaymentUnknown:
        observe.logger().warning("no answer about an authorization", extra={"number": row.number})
    except PaymentRejected as refusal:
        observe.logger().error("authorization refused", extra={"number": row.number, "refusal": refusal.code})
        raise AuthorizationRefused(refusal.message) from refusal
    if is_new:
        _look_again(tx, row)
    tx.save(row)
    return row


def _begun(tx: Tx, companion_id: str, last: AuthorizationRow | None) -> AuthorizationRow:
    row = AuthorizationRow(
        *payout_table.authorization_key(companion_id),
        companion_id=companion_id,
        times=last.times + 1 if last else 1,
        number=number_of(companion_id, int(last.times) + 1 if last else 1),
        state=_S.REQUESTED,
        requested_at=tx.now,
    )
    row.version = last.version if last else 0
    return row


def _apply(row: AuthorizationRow) -> ProviderAuthorization:
    from functions.accounts import actions as accounts

    openid = accounts.openid_of(row.companion_id)
    return provider.wechat_authorizations().apply(row.number, openid=openid, shown_as=f"陪诊师 {row.companion_id[-6:]}")


def look_up_authorization(tx: Tx, *, companion_id: str) -> AuthorizationRow:
    """The companion's latest leave; while it is neither agreed to nor over, WeChat is asked once in a few seconds.

    If WeChat does not answer, what is stored is the answer. Raises NotFound.
    """
    row = payout_table.find_authorization(companion_id)
    if row is None:
        raise NotFound()
    gap = timedelta(seconds=table.policy().payment_query_gap_s)
    if row.state == _S.REQUESTED and (row.queried_at is None or row.queried_at + gap <= tx.now):
        row.queried_at = tx.now
        try:
            _take(row, provider.wechat_authorizations().query(row.number), at=tx.now)
        except (PaymentUnknown, PaymentRejected) as error:
            observe.logger().warning("provider did not tell", extra={"number": row.number, "error": str(error)})
        tx.save(row)
    return row


def end_authorization(tx: Tx, *, companion_id: str) -> AuthorizationRow:
    """Use it no longer from now on, and have it ended in WeChat; what is over stays so. Raises NotFound."""
    row = payout_table.find_authorization(companion_id)
    if row is None:
        raise NotFound()
    if _S.CLOSING in AUTHORIZATION_MOVES[row.authorization_state]:
        row.state, row.checks, row.confirmation = _S.CLOSING, 0, None
        tx.save(row)
        tx.schedule(Timer(room="settlement", kind="pursue_authorization", subject=row.number, due_at=tx.now))
    return row


def pursue_authorization(tx: Tx, number: str) -> None:
    """Ask how a leave stands, or for its end; again later until it is in force or over. May run any number of times."""
    row = payout_table.find_authorization(companion_of(number))
    if row is None or row.number != number or row.state not in (_S.REQUESTED, _S.CLOSING):
        return
    try:
        _take(row, _ended(row) if row.state == _S.CLOSING else _stands(row), at=tx.now)
    except PaymentUnknown:
        observe.logger().warning("no answer about an authorization", extra={"number": number})
    except PaymentRejected as refusal:
        ttl = timedelta(seconds=payout_table.payout_policy().confirm_ttl_s)
        if refusal.is_absent or row.requested_at + ttl <= tx.now:
            _end(row, _OVERDUE, at=tx.now)
    if row.state in (_S.REQUESTED, _S.CLOSING):
        _look_again(tx, row)
    tx.save(row)


def _stands(row: AuthorizationRow) -> ProviderAuthorization:
    """What WeChat knows of it; what WeChat never heard of is asked for again under its number."""
    try:
        return provider.wechat_authorizations().query(row.number)
    except PaymentRejected as refusal:
        if not refusal.is_absent or row.confirmation:
            raise
        return _apply(row)


def _ended(row: AuthorizationRow) -> ProviderAuthorization:
    channel = provider.wechat_authorizations()
    try:
        return channel.close(row.number)
    except PaymentRejected:
        return channel.query(row.number)


def take_answer(tx: Tx, seen: ProviderAuthorization) -> None:
    """Act on a proven notification, in any order and any number of times. NotFound for a number that is none of ours.

    What it says of an earlier leave than the latest changes nothing.
    """
    companion_id = companion_of(seen.number)
    row = payout_table.find_authorization(companion_id) if ids.is_id("acc", companion_id) else None
    if row is None:
        raise NotFound()
    if row.number == seen.number and row.authorization_state not in OVER:
        _take(row, seen, at=tx.now)
        tx.save(row)


def is_over(tx: Tx, companion_id: str) -> bool:
    """Whether WeChat ended the leave on which a refused transfer relied; remembered if so. Raises PaymentUnknown."""
    row = payout_table.find_authorization(companion_id)
    if row is None or row.state != _S.ACTIVE:
        return True
    try:
        _take(row, provider.wechat_authorizations().query(row.number), at=tx.now)
    except PaymentRejected as refusal:
        if refusal.is_absent:
            _end(row, "", at=tx.now)
    if row.state == _S.ACTIVE:
        return False
    tx.save(row)
    return True


def _take(row: AuthorizationRow, seen: ProviderAuthorization, *, at: datetime) -> None:
    """What WeChat says, applied if it moves the leave forward; saving is the caller's."""
    if seen.state is LeaveState.CLOSED:
        _end(row, seen.closed_reason or "", at=at)
    elif row.state == _S.REQUESTED and seen.state is LeaveState.ACTIVE and _is_theirs(row, seen):
        row.state, row.authorization_id, row.active_at = _S.ACTIVE, seen.authorization_id, at
        row.confirmation = None
    elif row.state == _S.REQUESTED:
        row.confirmation = seen.confirmation or row.confirmation


def _is_theirs(row: AuthorizationRow, seen: ProviderAuthorization) -> bool:
    """A leave of somebody else is never used: it is left to staff."""
    from functions.accounts import actions as accounts

    if seen.authorization_id and seen.openid in (None, accounts.openid_of(row.companion_id)):
        return True
    observe.count("AuthorizationMismatch")
    observe.logger().error("authorization contradicts its application", extra={"number": row.number})
    return False


def _end(row: AuthorizationRow, reason: str, *, at: datetime) -> None:
    row.state = _S.EXPIRED if reason == _OVERDUE else _S.CLOSED
    row.authorization_id, row.confirmation = None, None
    row.closed_reason, row.closed_at = reason, at


def _look_again(tx: Tx, row: AuthorizationRow) -> None:
    delay = payout_table.payout_policy().check_after(int(row.checks))
    row.checks += 1
    # A step of one second keeps this deadline apart from the one that is being handled.
    due_at = tx.now + max(delay, timedelta(seconds=1))
    tx.schedule(Timer(room="settlement", kind="pursue_authorization", subject=row.number, due_at=due_at))
