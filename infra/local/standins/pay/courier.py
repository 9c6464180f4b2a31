"""Carries notifications to the merchant: sealed, signed, and again by WeChat Pay's schedule until accepted."""

import json
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from infra.local.standins.agenda import Agenda
from infra.local.standins.journal import Journal
from infra.local.standins.pay.books import CHINA
from infra.local.standins.pay.faults import NoticeFault
from infra.local.standins.pay.signing import Flaw, Signer

RETRY_DELAYS_S: Final = (
    *(15, 15, 30, 180, 600, 1200),
    *(1800, 1800, 1800, 3600),
    *(10800, 10800, 10800, 21600, 21600),
)
"""Fifteen more tries over about a day."""
ANSWER_WITHIN_S: Final = 5.0
_ACCEPTED: Final = (200, 204)


class Notice(msgspec.Struct, kw_only=True):
    """One event on its way; `state` is pending, delivered, exhausted or lost."""

    id: str
    out_trade_no: str
    event_type: str
    summary: str
    original_type: str
    resource: dict[str, Any]
    notify_url: str
    created_at: str
    copies_left: int
    state: str = "pending"
    tries: list[dict[str, Any]] = []


class Courier:
    """Delivers notices from an agenda; what is pending when it starts is taken up again."""

    def __init__(
        self, journal: Journal, signer: Signer, agenda: Agenda, clock: Callable[[], datetime], retry_scale: float
    ) -> None:
        self._journal = journal
        self._signer = signer
        self._agenda = agenda
        self._clock = clock
        self._retry_scale = retry_scale
        self._http = PoolManager(timeout=ANSWER_WITHIN_S, retries=False, maxsize=8)
        for notice in self.notices():
            if notice.state == "pending":
                self._later(0, notice.id)

    def notices(self) -> list[Notice]:
        """All notices, oldest first."""
        return [msgspec.convert(record, Notice) for record in self._journal.all("notice")]

    def send(
        self,
        *,
        out_trade_no: str,
        event_type: str,
        summary: str,
        original_type: str,
        resource: dict[str, Any],
        notify_url: str,
        fault: NoticeFault,
    ) -> Notice:
        """Start delivering one event, misbehaving as `fault` says."""
        if fault.wrong_amount_fen is not None:
            resource = {**resource, "amount": {**resource["amount"], "total": fault.wrong_amount_fen}}
        notice = Notice(
            id=str(uuid.uuid4()),
            out_trade_no=out_trade_no,
            event_type=event_type,
            summary=summary,
            original_type=original_type,
            resource=resource,
            notify_url=notify_url,
            created_at=self._clock().astimezone(CHINA).isoformat(timespec="seconds"),
            copies_left=fault.times,
            state="pending" if fault.times else "lost",
        )
        self._save(notice)
        self._agenda.after(fault.delay_s, lambda: self._begin(notice, fault.flawed_copies))
        return notice

    def _begin(self, notice: Notice, flawed_copies: tuple[Flaw, ...]) -> None:
        for flaw in flawed_copies:
            notice.tries.append(self._post(notice, flaw))
            self._save(notice)
        if notice.state == "pending":
            self._deliver(notice.id)

    def _deliver(self, notice_id: str) -> None:
        record = self._journal.get("notice", notice_id)
        if record is None:
            return
        notice = msgspec.convert(record, Notice)
        outcome = self._post(notice, None)
        notice.tries.append(outcome)
        if outcome.get("status") in _ACCEPTED:
            notice.copies_left -= 1
            notice.state = "pending" if notice.copies_left else "delivered"
            self._save(notice)
            if notice.copies_left:
                self._later(0, notice.id)
            return
        failures = sum("flaw" not in attempt and attempt.get("status") not in _ACCEPTED for attempt in notice.tries)
        if failures > len(RETRY_DELAYS_S):
            notice.state = "exhausted"
        self._save(notice)
        if notice.state == "pending":
            self._later(RETRY_DELAYS_S[failures - 1] * self._retry_scale, notice.id)

    def _later(self, delay_s: float, notice_id: str) -> None:
        self._agenda.after(delay_s, lambda: self._deliver(notice_id))

    def _post(self, notice: Notice, flaw: Flaw | None) -> dict[str, Any]:
        """One delivery; how it was answered."""
        body = json.dumps(
            {
                "id": notice.id if flaw is None else str(uuid.uuid4()),
                "create_time": notice.created_at,
                "resource_type": "encrypt-resource",
                "event_type": notice.event_type,
                "summary": notice.summary,
                "resource": self._signer.sealed(notice.resource, notice.original_type),
            },
            ensure_ascii=False,
        )
        headers = self._signer.headers(body, self._clock(), flaw)
        headers |= {"Content-Type": "application/json", "Request-ID": secrets.token_hex(16)}
        outcome: dict[str, Any] = {"at": self._clock().isoformat(timespec="milliseconds")}
        if flaw is not None:
            outcome["flaw"] = flaw.value
        try:
            answer = self._http.request("POST", notice.notify_url, headers=headers, body=body.encode(), redirect=False)
            outcome["status"] = answer.status
        except HTTPError as error:
            outcome["error"] = type(error).__name__
        return outcome

    def _save(self, notice: Notice) -> None:
        self._journal.put("notice", notice.id, msgspec.to_builtins(notice))
