"""Claims by clients (F36)."""

from typing import Any

from functions.insurance.actions import claims as actions
from functions.insurance.api.declared import routes
from functions.insurance.rules import claims as rules
from functions.insurance.rules.policies import IllegalMove
from functions.insurance.schemas.claims import (
    AppealBody,
    BundleView,
    ClaimBody,
    ClaimChange,
    ClaimFileBody,
    ClaimList,
    ClaimUploadBody,
    ClaimView,
    SubmitBody,
)
from functions.shared.caller import Role
from functions.shared.errors import Invalid, NotFound, PreconditionFailed
from functions.shared.files import UploadMissing, UploadRefused
from functions.shared.http import Call
from functions.shared.http.uploads import UploadForm

_CLIENT = frozenset({Role.CLIENT})


@routes.post(
    "/orders/{order_id}/claims",
    summary="报案（草稿）",
    roles=_CLIENT,
    body=ClaimBody,
    reply=ClaimView,
    status=201,
    effect=True,
    problems=(NotFound, rules.NotCovered, rules.FilingClosed, rules.AmountTooHigh, rules.ClaimExists),
)
def draft_claim(call: Call[ClaimBody], order_id: str) -> ClaimView:
    """先存为草稿；补充材料、看过将出示的内容后再提交。"""
    body = call.body
    return ClaimView.of(
        actions.draft_claim(
            call.tx,
            order_id=order_id,
            client_id=call.caller.subject,
            peril=body.peril,
            amount_fen=body.amount_fen,
            story=body.story,
            messages=body.messages,
        )
    )


@routes.get("/orders/{order_id}/claims", summary="订单的报案", roles=_CLIENT, reply=ClaimList)
def list_claims(call: Call[Any], order_id: str) -> ClaimList:
    """没有报过案则为空。"""
    found = actions.claims_of_order(order_id, client_id=call.caller.subject)
    return ClaimList(items=[ClaimView.of(claim) for claim in found])


@routes.get("/claims/{claim_id}", summary="报案详情", roles=_CLIENT, reply=ClaimView, problems=(rules.ClaimNotFound,))
def read_claim(call: Call[Any], claim_id: str) -> ClaimView:
    """每一步、由谁、何时，以及接下来能做什么。"""
    return ClaimView.of(actions.own_claim(claim_id, call.caller.subject))


@routes.put(
    "/claims/{claim_id}",
    summary="修改报案",
    roles=_CLIENT,
    body=ClaimChange,
    reply=ClaimView,
    versioned=True,
    problems=(rules.ClaimNotFound, IllegalMove, rules.AmountTooHigh, PreconditionFailed),
)
def change_claim(call: Call[ClaimChange], claim_id: str) -> ClaimView:
    """提交之前，或保险公司要求补充时。"""
    body = call.body
    return ClaimView.of(
        actions.change_claim(
            call.tx,
            claim_id=claim_id,
            client_id=call.caller.subject,
            amount_fen=body.amount_fen,
            story=body.story,
            messages=body.messages,
            version=call.if_match,
        )
    )


@routes.post(
    "/claims/{claim_id}/uploads",
    summary="申请上传理赔材料",
    roles=_CLIENT,
    body=ClaimUploadBody,
    reply=UploadForm,
    status=201,
    problems=(rules.ClaimNotFound, IllegalMove, Invalid),
)
def allow_file(call: Call[ClaimUploadBody], claim_id: str) -> UploadForm:
    """The file goes straight to the store; one that is not added is removed after a day."""
    upload = actions.allow_file(
        claim_id=claim_id, client_id=call.caller.subject, content_type=call.body.content_type, now=call.now
    )
    return UploadForm.of(upload)


@routes.post(
    "/claims/{claim_id}/files",
    summary="添加理赔材料",
    roles=_CLIENT,
    body=ClaimFileBody,
    reply=ClaimView,
    status=201,
    effect=True,
    problems=(rules.ClaimNotFound, IllegalMove, UploadMissing, UploadRefused),
)
def add_file(call: Call[ClaimFileBody], claim_id: str) -> ClaimView:
    """票据、病历、证明等。"""
    body = call.body
    return ClaimView.of(
        actions.add_file(
            call.tx, claim_id=claim_id, client_id=call.caller.subject, file_id=body.file_id, title=body.title
        )
    )


@routes.get(
    "/claims/{claim_id}/evidence",
    summary="保险公司将看到什么",
    roles=_CLIENT,
    reply=BundleView,
    problems=(rules.ClaimNotFound,),
)
def read_bundle(call: Call[Any], claim_id: str) -> BundleView:
    """陪诊的时间、节点、打卡由系统整理，会话消息由您挑选；没有位置，也没有照片。"""
    return BundleView.of(actions.bundle_of(claim_id, client_id=call.caller.subject))


@routes.post(
    "/claims/{claim_id}/submit",
    summary="提交报案",
    roles=_CLIENT,
    body=SubmitBody,
    reply=ClaimView,
    effect=True,
    problems=(rules.ClaimNotFound, IllegalMove, rules.EvidenceChanged, rules.NotCovered, rules.FilingClosed),
)
def submit(call: Call[SubmitBody], claim_id: str) -> ClaimView:
    """`digest` 表示同意出示的正是刚才看到的内容；其间有变化则须重新查看。"""
    claim = actions.submit(call.tx, claim_id=claim_id, client_id=call.caller.subject, digest=call.body.digest)
    return ClaimView.of(claim)


@routes.post(
    "/claims/{claim_id}/appeal",
    summary="申诉",
    roles=_CLIENT,
    body=AppealBody,
    reply=ClaimView,
    effect=True,
    problems=(rules.ClaimNotFound, IllegalMove, rules.AppealedBefore),
)
def appeal(call: Call[AppealBody], claim_id: str) -> ClaimView:
    """不予赔付时可申诉一次。"""
    claim = actions.appeal(call.tx, claim_id=claim_id, client_id=call.caller.subject, reason=call.body.reason)
    return ClaimView.of(claim)


@routes.post(
    "/claims/{claim_id}/withdrawal",
    summary="撤回报案",
    roles=_CLIENT,
    reply=ClaimView,
    effect=True,
    problems=(rules.ClaimNotFound, IllegalMove),
)
def withdraw(call: Call[Any], claim_id: str) -> ClaimView:
    """撤回后可以重新报案。"""
    return ClaimView.of(actions.withdraw(call.tx, claim_id=claim_id, client_id=call.caller.subject))
