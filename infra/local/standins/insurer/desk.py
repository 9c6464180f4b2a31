"""The insurer's claims desk: what it was told of, what it did about it, and what our API said to that."""

import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from infra.local.standins.agenda import Agenda
from infra.local.standins.insurer.acts import Act, Fault, requests_of
from infra.local.standins.insurer.inbox import Inbox
from infra.local.standins.insurer.zhenban import ANSWER_WITHIN_S, Answer, Zhenban
from infra.local.standins.journal import Journal, Record
from infra.local.standins.serving import ControlRefused


class Claim(msgspec.Struct, kw_only=True):
    """A claim as far as the insurer knows it; amounts are integer fen, known once it has looked at the claim."""

    claim_id: str
    policy_id: str
    order_id: str
    told_at: str
    state: str = ""
    step: int = 0
    """How many moves the claim had made when `state` was true: of two news, that of the later step holds."""
    peril: str = ""
    amount_fen: int | None = None
    payable_fen: int | None = None
    approved_fen: int | None = None
    paid_fen: int | None = None


class Desk:
    """One insurer. What is left to do when it is closed is done after its next start, under the same numbers."""

    def __init__(
        self,
        journal: Journal,
        secret: str,
        clock: Callable[[], datetime],
        stack_folder: Path,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self.journal = journal
        self.inbox = Inbox(journal, secret, clock)
        self._clock = clock
        self._zhenban = Zhenban(stack_folder, clock, answer_within_s=answer_within_s)
        self._lock = threading.Lock()
        self._agenda = Agenda()
        for act in self.acts():
            if not act.is_done:
                wait = datetime.fromisoformat(act.due_at) - clock()
                self._agenda.after(max(0, wait.total_seconds()), partial(self._do, act))

    def close(self) -> None:
        self._agenda.close()
        self.journal.close()

    def claims(self) -> list[Claim]:
        """Oldest first."""
        return [msgspec.convert(record, Claim) for record in self.journal.all("claim")]

    def acts(self, claim_id: str | None = None) -> list[Act]:
        """Oldest first; of one claim, or all."""
        acts = [msgspec.convert(record, Act) for record in self.journal.all("act")]
        return [act for act in acts if claim_id in (None, act.claim_id)]

    def receive(self, headers: dict[str, str], body: bytes) -> tuple[int, Record]:
        """One delivery: the status and content of its answer. A claim that it tells of is looked at soon after."""
        status, content = self.inbox.receive(headers, body)
        event = self.inbox.find(headers.get("webhook-id", "")) if status == 200 else None
        if event is not None and event["type"] == "claim.moved" and not content["duplicate"]:
            self._hear(event["data"])
        return status, content

    def look_at(self, claim_id: str) -> Answer:
        """What our API shows the insurer of the claim now. Raises ControlRefused for one it was not told of."""
        self._known(claim_id)
        answer = self._zhenban.call("GET", f"/insurer/claims/{claim_id}")
        self._note(claim_id, answer)
        if answer.status == 200:
            seen = answer.body
            self._learn(claim_id, {**seen, "step": len(seen["steps"])})
        return answer

    def act(self, claim_id: str, act: str, wish: dict[str, Any], *, fault: Fault | None, delay_s: float) -> Act:
        """Do one of `acts.KINDS` about a claim, after a while if `delay_s` is not 0. Raises ControlRefused."""
        self._known(claim_id)
        now = self._clock()
        asked = Act(
            request_id=f"req_{secrets.token_hex(8)}",
            claim_id=claim_id,
            act=act,
            wish=wish,
            fault=fault,
            asked_at=now.isoformat(timespec="milliseconds"),
            due_at=(now + timedelta(seconds=delay_s)).isoformat(timespec="milliseconds"),
        )
        self._save(asked)
        if not delay_s:
            return self._do(asked)
        self._agenda.after(delay_s, partial(self._do, asked))
        return asked

    def _do(self, act: Act) -> Act:
        """Look at the claim, then say what is to be said; without sight of it, that is what is reported."""
        sight = self.look_at(act.claim_id)
        if sight.status == 200:
            answers = [self._say(act.claim_id, request.path, request.body) for request in requests_of(act, sight.body)]
        else:
            answers = [sight]
        done = msgspec.structs.replace(act, is_done=True, answers=answers)
        self._save(done)
        self._look_soon(act.claim_id)
        return done

    def _say(self, claim_id: str, path: str, body: dict[str, Any]) -> Answer:
        answer = self._zhenban.call("POST", f"/insurer/claims/{claim_id}/{path}", body)
        self._note(claim_id, answer)
        if answer.status == 200:
            self._learn(claim_id, answer.body)
        return answer

    def _hear(self, told: Record) -> None:
        claim = Claim(
            claim_id=told["claim_id"],
            policy_id=told["policy_id"],
            order_id=told["order_id"],
            told_at=self._clock().isoformat(timespec="milliseconds"),
        )
        with self._lock:
            if self.journal.get("claim", claim.claim_id) is None:
                self.journal.put("claim", claim.claim_id, msgspec.to_builtins(claim))
        self._learn(claim.claim_id, told)
        self._look_soon(claim.claim_id)

    def _learn(self, claim_id: str, news: Record) -> None:
        """Take what is newer than what was known."""
        with self._lock:
            known = self._known(claim_id)
            if news["step"] >= known.step:
                learnt = {name: news[name] for name in Claim.__struct_fields__ if name in news}
                self.journal.put("claim", claim_id, {**msgspec.to_builtins(known), **learnt})

    def _look_soon(self, claim_id: str) -> None:
        self._agenda.after(0, lambda: self.look_at(claim_id))

    def _known(self, claim_id: str) -> Claim:
        record = self.journal.get("claim", claim_id)
        if record is None:
            raise ControlRefused(404, "CLAIM_UNKNOWN", "没有收到过这次报案的消息")
        return msgspec.convert(record, Claim)

    def _note(self, claim_id: str, answer: Answer) -> None:
        self.journal.note("call", id=claim_id, request=answer.request, status=answer.status, error=answer.error)

    def _save(self, act: Act) -> None:
        self.journal.put("act", act.request_id, msgspec.to_builtins(act))
