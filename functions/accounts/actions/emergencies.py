"""Telling people of an emergency call (F34). The notices need no fact but the order: nothing missing holds them up."""

from functions.accounts.actions.duty import tell_staff_on_duty
from functions.accounts.actions.facts import OrderFacts
from functions.accounts.actions.notices import reaches_wechat, write_notice
from functions.accounts.events import EmergencyNoticesWritten, EmergencyNoticeWay
from functions.shared.tx import Tx


def tell_duty_staff(tx: Tx, *, call_id: str, visit_id: str, order_id: str, code: str, reports: bool) -> None:
    """Put `code` into the inbox of everybody on duty; with `reports`, say that it was done or that nobody is."""
    staff_ids = tell_staff_on_duty(tx, code=code, facts=OrderFacts(order_id=order_id))
    if reports:
        outcome = "written" if staff_ids else "not_configured"
        _report(tx, call_id, visit_id, [EmergencyNoticeWay(recipient="staff", channel="inbox", outcome=outcome)])


def tell_party(
    tx: Tx, *, call_id: str, visit_id: str, order_id: str, account_id: str, recipient: str, code: str
) -> None:
    """Tell the client (`family`) or the companion who did not call themselves, and say by which ways."""
    on_wechat = "pending" if reaches_wechat(account_id, code) else "not_configured"
    write_notice(tx, account_id=account_id, code=code, facts=OrderFacts(order_id=order_id))
    ways = (("inbox", "written"), ("wechat", on_wechat))
    told = [EmergencyNoticeWay(recipient=recipient, channel=channel, outcome=outcome) for channel, outcome in ways]
    _report(tx, call_id, visit_id, told)


def _report(tx: Tx, call_id: str, visit_id: str, told: list[EmergencyNoticeWay]) -> None:
    tx.emit(EmergencyNoticesWritten(call_id=call_id, visit_id=visit_id, told=tuple(told), at=tx.now))
