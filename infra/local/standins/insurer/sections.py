"""What the insurer's page shows."""

import json
from typing import Any, Final

from infra.local.standins.insurer.acts import KINDS, Act, Fault
from infra.local.standins.insurer.desk import Claim, Desk
from infra.local.standins.insurer.zhenban import Answer
from infra.local.standins.page import Button, Card, Section, local_time, yuan

SHOWN: Final = 50
_STATES: Final = {
    "submitted": ("待受理", "wait"),
    "under_review": ("审核中", "wait"),
    "evidence_requested": ("等待补充材料", "wait"),
    "approved": ("同意赔付，待付款", "good"),
    "rejected": ("不予赔付", "bad"),
    "appealed": ("已申诉，待复核", "wait"),
    "paid": ("已付款", "good"),
    "withdrawn": ("已撤回", "plain"),
}
_PERILS: Final = {
    "missed_appointment": "误号或爽约",
    "lost_examination_slip": "检查单遗失",
    "lost_documents": "证件遗失",
    "injury": "意外受伤",
}
_AMOUNTS: Final = (
    ("报损", "amount_fen"),
    ("最多可赔", "payable_fen"),
    ("同意赔付", "approved_fen"),
    ("已付款", "paid_fen"),
)
_FAULTS: Final = {Fault.LATE: "有意迟到", Fault.TWICE: "有意发两遍", Fault.WRONGLY: "有意出错"}
_APPROVE: Final = ("同意赔付", "decide", {"decision": "approve"})
_REJECT: Final = ("不予赔付", "decide", {"decision": "reject"})
_BUTTONS: Final[dict[str, list[tuple[str, str, dict[str, Any]]]]] = {
    "submitted": [("受理", "acknowledge", {})],
    "under_review": [_APPROVE, _REJECT, ("要求补充材料", "request-evidence", {})],
    "evidence_requested": [_REJECT],
    "approved": [("确认付款", "pay", {})],
    "appealed": [_APPROVE, _REJECT],
}


def of(desk: Desk) -> list[Section]:
    """Claims, events and refused deliveries, newest first."""
    acts: dict[str, list[Act]] = {}
    for act in desk.acts():
        acts.setdefault(act.claim_id, []).append(act)
    failed = [entry for entry in desk.journal.log() if entry["what"] == "webhook" and entry["status"] != 200]
    claims = desk.claims()[: -SHOWN - 1 : -1]
    return [
        Section("报案", "还没有收到报案", [_claim(claim, acts.get(claim.claim_id, [])) for claim in claims]),
        Section("事件", "还没有收到事件", [_event(event) for event in desk.inbox.events()[:SHOWN]]),
        Section("未通过的投递", "没有未通过的投递", [_refusal(entry) for entry in failed[:SHOWN]]),
    ]


def _claim(claim: Claim, acts: list[Act]) -> Card:
    badge, tone = _STATES.get(claim.state, (claim.state, "plain"))
    amounts = [(label, getattr(claim, name)) for label, name in _AMOUNTS]
    lines = [("报案号", claim.claim_id), ("订单号", claim.order_id), ("收到", local_time(claim.told_at))]
    lines += [(label, yuan(amount_fen)) for label, amount_fen in amounts if amount_fen is not None]
    lines += [(KINDS[act.act].title, _what_came_of(act)) for act in acts]
    path = f"/_control/claims/{claim.claim_id}"
    return Card(
        title=_PERILS.get(claim.peril, claim.peril) or "报案",
        badge=badge,
        tone=tone,
        lines=lines,
        buttons=[Button(label, f"{path}/{act}", body) for label, act, body in _BUTTONS.get(claim.state, [])],
    )


def _what_came_of(act: Act) -> str:
    said = " → ".join(_said(answer) for answer in act.answers) if act.is_done else "还没有发出"
    return f"{local_time(act.due_at)}　{said}{f'（{_FAULTS[act.fault]}）' if act.fault else ''}"


def _said(answer: Answer) -> str:
    if answer.status is None:
        return answer.error
    standing = _STATES.get(str(answer.body.get("state", "")), ("",))[0]
    return f"{answer.status} {standing or answer.body.get('title', '')}".strip()


def _event(event: dict[str, Any]) -> Card:
    return Card(
        title=event["type"] or "未注明类型",
        badge="已验签" if event["deliveries"] == 1 else f"已验签，收到 {event['deliveries']} 次",
        tone="good",
        lines=[
            ("编号", event["id"]),
            ("时间", local_time(event["received_at"])),
            ("内容", json.dumps(event["data"], ensure_ascii=False)),
        ],
    )


def _refusal(entry: dict[str, Any]) -> Card:
    lines = [("编号", entry["id"] or "没有编号"), ("时间", local_time(entry["at"]))]
    return Card(title=entry["reason"], badge=str(entry["status"]), tone="bad", lines=lines)
