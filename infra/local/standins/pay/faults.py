"""Misbehaviour on demand: what `/_control/misbehave` asked for, waiting for the message that it fits."""

import threading
from dataclasses import dataclass, replace
from typing import Any, Final

from infra.local.standins.pay.signing import Flaw
from infra.local.standins.serving import ControlRefused, count_of, seconds_of, text_of

OPERATIONS: Final = frozenset(
    (
        "prepay query close refund query_refund transfer query_transfer cancel_transfer "
        "authorize query_authorization close_authorization trade_bill "
        "invoice query_invoice reverse_invoice invoice_file"
    ).split()
)
_WHOM: Final = {"out_trade_no", "next"}
_ANSWER: Final = {
    "operation",
    "answers",
    "fail_status",
    "after_commit",
    "drop_answer_after_commit",
    "answer_delay_s",
    "answer_flaw",
}
_NOTICE: Final = {
    "notify_times",
    "delay_s",
    "wrong_amount_fen",
    "forge_signature",
    "signtest",
    "unknown_serial",
    "stale",
    "no_signature_type",
    "refund_status",
}
FIELDS: Final = _WHOM | _ANSWER | _NOTICE
_NOTICE_FLAWS: Final = {
    "forge_signature": Flaw.FORGED,
    "signtest": Flaw.SIGNTEST,
    "unknown_serial": Flaw.UNKNOWN_SERIAL,
    "stale": Flaw.STALE,
    "no_signature_type": Flaw.NO_SIGNATURE_TYPE,
}


@dataclass(frozen=True, kw_only=True)
class AnswerFault:
    """What goes wrong with the next `left` answers. `fail_status` comes instead of the work unless `after_commit`."""

    out_trade_no: str | None = None
    operation: str | None = None
    left: int = 1
    fail_status: int | None = None
    after_commit: bool = False
    drop: bool = False
    delay_s: float = 0
    flaw: Flaw | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeFault:
    """What goes wrong with one event's notification. Each flawed copy is sent once, before the genuine one."""

    out_trade_no: str | None = None
    times: int = 1
    """How often the genuine one is sent even though it was accepted; 0 loses it."""
    delay_s: float = 0
    wrong_amount_fen: int | None = None
    flawed_copies: tuple[Flaw, ...] = ()
    refund_status: str | None = None


class Faults:
    """The misbehaviour still to come; each piece is used up by the message that it fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: list[AnswerFault] = []
        self._notices: list[NoticeFault] = []

    def add(self, body: dict[str, Any]) -> None:
        """Take a control call's wishes. Raises ControlRefused."""
        whom = None if body.get("next") is True else text_of(body, "out_trade_no")
        with self._lock:
            if body.keys() & _ANSWER:
                self._answers.append(_answer_fault(whom, body))
            if body.keys() & _NOTICE:
                self._notices.append(_notice_fault(whom, body))

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._answers.clear()
            self._notices.clear()

    def for_answer(self, operation: str, out_trade_no: str | None) -> AnswerFault:
        """What to do wrong with this answer; a fault without effect if nothing was asked for."""
        with self._lock:
            for index, fault in enumerate(self._answers):
                if _fits(fault, out_trade_no) and fault.operation in (None, operation):
                    if fault.left > 1:
                        self._answers[index] = replace(fault, left=fault.left - 1)
                    else:
                        del self._answers[index]
                    return fault
        return AnswerFault()

    def for_notice(self, out_trade_no: str, *, is_refund: bool) -> NoticeFault:
        """What to do wrong with this event's notification; a fault without effect if nothing was asked for."""
        with self._lock:
            for index, fault in enumerate(self._notices):
                if _fits(fault, out_trade_no) and (is_refund or fault.refund_status is None):
                    del self._notices[index]
                    return fault
        return NoticeFault()


def _fits(fault: AnswerFault | NoticeFault, out_trade_no: str | None) -> bool:
    return fault.out_trade_no is None or fault.out_trade_no == out_trade_no


def _answer_fault(whom: str | None, body: dict[str, Any]) -> AnswerFault:
    operation = body.get("operation")
    if operation is not None and operation not in OPERATIONS:
        raise ControlRefused(400, "FIELD_INVALID", f"operation 应为 {'、'.join(sorted(OPERATIONS))} 之一")
    flaw = body.get("answer_flaw")
    if flaw is not None and flaw not in list(Flaw):
        raise ControlRefused(400, "FIELD_INVALID", f"answer_flaw 应为 {'、'.join(Flaw)} 之一")
    return AnswerFault(
        out_trade_no=whom,
        operation=operation,
        left=count_of(body, "answers", 1),
        fail_status=count_of(body, "fail_status", 0) or None,
        after_commit=body.get("after_commit") is True,
        drop=body.get("drop_answer_after_commit") is True,
        delay_s=seconds_of(body, "answer_delay_s"),
        flaw=Flaw(flaw) if flaw else None,
    )


def _notice_fault(whom: str | None, body: dict[str, Any]) -> NoticeFault:
    refund_status = body.get("refund_status")
    if refund_status not in (None, "ABNORMAL", "CLOSED"):
        raise ControlRefused(400, "FIELD_INVALID", "refund_status 应为 ABNORMAL 或 CLOSED")
    return NoticeFault(
        out_trade_no=whom,
        times=count_of(body, "notify_times", 1),
        delay_s=seconds_of(body, "delay_s"),
        wrong_amount_fen=count_of(body, "wrong_amount_fen", 0) or None,
        flawed_copies=tuple(flaw for name, flaw in _NOTICE_FLAWS.items() if body.get(name) is True),
        refund_status=refund_status,
    )
