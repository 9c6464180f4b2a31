"""Claims over HTTP: what clients say and see, what insurers see and say. Amounts are integer fen."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from functions.insurance.actions.claims import Bundle, shown_items
from functions.insurance.rules.claims import TITLES, ClaimFile, ClaimState, EvidenceItem, payable_fen
from functions.insurance.table.claims import ClaimRow
from functions.shared import clock, files
from functions.shared.http.schemas import Body, PageQuery, Reading
from functions.shared.money import MAX_FEN

Words = Annotated[str, msgspec.Meta(min_length=4, max_length=1000, pattern=r"\S")]
Amount = Annotated[int, msgspec.Meta(ge=1, le=MAX_FEN)]
Messages = Annotated[list[Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]], msgspec.Meta(max_length=50)]
RequestId = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="由保险公司生成；重发同一请求时不变")
]


class ClaimBody(Body, frozen=True, kw_only=True):
    """报案：哪一项保障、损失多少、发生了什么；`messages` 是愿意出示的会话消息的序号。"""

    peril: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    amount_fen: Amount
    story: Words
    messages: Messages = msgspec.field(default_factory=list)


class ClaimChange(Body, frozen=True, kw_only=True):
    """修改报案内容。"""

    amount_fen: Amount
    story: Words
    messages: Messages = msgspec.field(default_factory=list)


class ClaimUploadBody(Body, frozen=True, kw_only=True):
    """材料的格式：image/jpeg、image/png 或 application/pdf。"""

    content_type: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class ClaimFileBody(Body, frozen=True, kw_only=True):
    """一份材料，以及它是什么。"""

    file_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=r"\S")]


class ClaimFileView(Reading, frozen=True, kw_only=True):
    """一份材料；`url` 五分钟内有效。"""

    title: str
    content_type: str
    size_bytes: int
    sha256: str
    url: str

    @classmethod
    def of(cls, file: ClaimFile) -> "ClaimFileView":
        return cls(
            title=file.title,
            content_type=file.content_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=files.link(file.key),
        )


class ClaimStepView(Reading, frozen=True, kw_only=True):
    """报案的一步。"""

    state: ClaimState
    title: str
    at: datetime
    by: str


class ClaimView(Reading, frozen=True, kw_only=True):
    """一次报案。`payable_fen` 是按限额和免赔额最多可赔的金额；`reason` 是保险公司的结论说明。"""

    claim_id: str
    order_id: str
    policy_id: str
    peril: str
    peril_title: str
    amount_fen: int
    payable_fen: int
    state: ClaimState
    state_title: str
    story: str
    messages: list[int]
    requested: str | None
    """保险公司要求补充什么。"""
    reason: str | None
    may_appeal: bool
    approved_fen: int | None
    paid_fen: int | None
    steps: list[ClaimStepView]
    version: int

    @classmethod
    def of(cls, claim: ClaimRow) -> "ClaimView":
        return cls(
            claim_id=claim.claim_id,
            order_id=claim.order_id,
            policy_id=claim.policy_id,
            peril=claim.peril,
            peril_title=claim.peril_title,
            amount_fen=int(claim.amount_fen),
            payable_fen=_payable(claim),
            state=claim.at,
            state_title=TITLES[claim.at],
            story=claim.opened("story", claim.sealed_story) or "",
            messages=list(claim.messages),
            requested=claim.opened("request", claim.sealed_request),
            reason=claim.opened("reason", claim.sealed_reason),
            may_appeal=claim.at is ClaimState.REJECTED and claim.appealed_at is None,
            approved_fen=claim.approved_fen,
            paid_fen=claim.paid_fen,
            steps=_steps(claim),
            version=int(claim.version),
        )


class ClaimList(Reading, frozen=True, kw_only=True):
    """一单的全部报案。"""

    items: list[ClaimView]


class EvidenceItemView(Reading, frozen=True, kw_only=True):
    """一条凭证：约定时间、服务节点、打卡，或选出的会话消息。"""

    kind: str
    at: datetime
    title: str
    detail: dict[str, Any]
    sha256: str

    @classmethod
    def of(cls, item: EvidenceItem) -> "EvidenceItemView":
        return cls(
            kind=item.kind,
            at=clock.china(item.at),
            title=item.title,
            detail=json.loads(item.detail),
            sha256=item.sha256,
        )


class BundleView(Reading, frozen=True, kw_only=True):
    """保险公司将看到的全部内容，不多也不少；同意后把 `digest` 一起提交。"""

    story: str
    amount_fen: int
    items: list[EvidenceItemView]
    files: list[ClaimFileView]
    digest: str

    @classmethod
    def of(cls, bundle: Bundle) -> "BundleView":
        return cls(
            story=bundle.story,
            amount_fen=bundle.amount_fen,
            items=[EvidenceItemView.of(item) for item in bundle.items],
            files=[ClaimFileView.of(file) for file in bundle.files],
            digest=bundle.digest,
        )


class SubmitBody(Body, frozen=True, kw_only=True):
    """同意把哪些内容交给保险公司：查看凭证时得到的 digest。"""

    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class AppealBody(Body, frozen=True, kw_only=True):
    """申诉的理由。"""

    reason: Words


class InsurersClaim(Reading, frozen=True, kw_only=True):
    """保险公司看到的一次报案：投保人同意出示的内容。"""

    claim_id: str
    policy_id: str
    order_id: str
    peril: str
    amount_fen: int
    payable_fen: int
    state: ClaimState
    story: str
    items: list[EvidenceItemView]
    files: list[ClaimFileView]
    digest: str
    appeal: str | None
    approved_fen: int | None
    paid_fen: int | None
    steps: list[ClaimStepView]

    @classmethod
    def of(cls, claim: ClaimRow) -> "InsurersClaim":
        return cls(
            claim_id=claim.claim_id,
            policy_id=claim.policy_id,
            order_id=claim.order_id,
            peril=claim.peril,
            amount_fen=int(claim.amount_fen),
            payable_fen=_payable(claim),
            state=claim.at,
            story=claim.opened("story", claim.sealed_story) or "",
            items=[EvidenceItemView.of(item) for item in shown_items(claim)],
            files=[ClaimFileView.of(file) for file in claim.files],
            digest=claim.digest or "",
            appeal=claim.opened("appeal", claim.sealed_appeal),
            approved_fen=claim.approved_fen,
            paid_fen=claim.paid_fen,
            steps=_steps(claim),
        )


class InsurersClaimLine(Reading, frozen=True, kw_only=True):
    """报案列表里的一行。"""

    claim_id: str
    policy_id: str
    peril: str
    amount_fen: int
    state: ClaimState

    @classmethod
    def of(cls, claim: ClaimRow) -> "InsurersClaimLine":
        return cls(
            claim_id=claim.claim_id,
            policy_id=claim.policy_id,
            peril=claim.peril,
            amount_fen=int(claim.amount_fen),
            state=claim.at,
        )


class ClaimsQuery(PageQuery, frozen=True, kw_only=True):
    """哪个月收到的报案。"""

    month: Annotated[str, msgspec.Meta(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$", description="月份，如 2026-11")]


class Acknowledgement(Body, frozen=True, kw_only=True):
    """受理。"""

    request_id: RequestId


class EvidenceRequest(Body, frozen=True, kw_only=True):
    """要求补充材料，用投保人看得懂的话写明。"""

    request_id: RequestId
    wanted: Words


class ClaimDecision(Body, frozen=True, kw_only=True):
    """结论：赔付多少，或不予赔付；理由会给投保人看。"""

    request_id: RequestId
    decision: Literal["approve", "reject"]
    reason: Words
    amount_fen: Amount | None = None


class ClaimPayment(Body, frozen=True, kw_only=True):
    """已向投保人付款：金额与付款流水号。"""

    request_id: RequestId
    amount_fen: Amount
    reference: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"\S")]


class ClaimStanding(Reading, frozen=True, kw_only=True):
    """对保险公司每个请求的应答：报案现在的状态。同一 request_id 得到同一应答。"""

    claim_id: str
    state: ClaimState
    step: int

    @classmethod
    def of(cls, claim: ClaimRow) -> "ClaimStanding":
        return cls(claim_id=claim.claim_id, state=claim.at, step=len(claim.steps))


def _payable(claim: ClaimRow) -> int:
    return payable_fen(int(claim.amount_fen), limit_fen=int(claim.limit_fen), deductible_fen=int(claim.deductible_fen))


def _steps(claim: ClaimRow) -> list[ClaimStepView]:
    return [
        ClaimStepView(state=step.state, title=TITLES[step.state], at=clock.china(step.at), by=step.by)
        for step in claim.steps
    ]
