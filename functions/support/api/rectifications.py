"""Rectifications over HTTP: the companion's side, the inspecting agent's, and checking a notice (F31)."""

from typing import Any

from functions.shared import audit
from functions.shared.caller import Role
from functions.shared.errors import Invalid
from functions.shared.files import UploadMissing, UploadRefused
from functions.shared.http import PUBLIC, Call, Page, PageQuery, decode_cursor, encode_cursor
from functions.shared.http.uploads import UploadForm
from functions.support.actions import rectifications as actions
from functions.support.api.declared import routes
from functions.support.rules import rectification as rules
from functions.support.schemas.complaints import EvidenceLink
from functions.support.schemas.rectifications import (
    QueuedReInspection,
    RectificationAnswerBody,
    RectificationLine,
    RectificationUploadBody,
    RectificationView,
    ReInspectionBody,
    TrainingBody,
    VerifiedNotice,
)

_INSPECTORS = {Role.AGENT, Role.ADMIN}


@routes.get(
    "/rectifications", summary="我的整改", roles={Role.COMPANION}, query=PageQuery, reply=Page[RectificationLine]
)
def list_own_rectifications(call: Call[Any]) -> Page[RectificationLine]:
    """最近的在前。"""
    return _listed(call, call.caller.subject)


@routes.get(
    "/companions/{companion_id}/rectifications",
    summary="陪诊师的整改",
    roles=_INSPECTORS,
    query=PageQuery,
    reply=Page[RectificationLine],
)
def list_rectifications(call: Call[Any], companion_id: str) -> Page[RectificationLine]:
    """最近的在前。"""
    return _listed(call, companion_id)


@routes.get(
    "/re-inspection-queue", summary="待复核的整改", roles=_INSPECTORS, query=PageQuery, reply=Page[QueuedReInspection]
)
def list_re_inspections(call: Call[Any]) -> Page[QueuedReInspection]:
    """最快到期的在前；已分给值班的客服，没有人值班时谁都可以复核。"""
    rows, last = actions.list_re_inspections(limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[QueuedReInspection.of(row) for row in rows], next_cursor=encode_cursor(last))


@routes.get(
    "/rectification-notices/{code}",
    summary="核验整改通知书",
    roles=PUBLIC,
    reply=VerifiedNotice,
    problems=(rules.RectificationNotFound,),
)
def verify_notice(call: Call[Any], code: str) -> VerifiedNotice:
    """凭通知书上的验证码，不区分大小写。"""
    return VerifiedNotice.of(actions.verify(code))


@routes.get(
    "/companions/{companion_id}/rectifications/{rectification_id}",
    summary="查看整改",
    roles={Role.COMPANION, *_INSPECTORS},
    reply=RectificationView,
    problems=(rules.RectificationNotFound,),
)
def read_rectification(call: Call[Any], companion_id: str, rectification_id: str) -> RectificationView:
    """通知书、要学的手册、说明与复核结论。"""
    _require_own(call, companion_id)
    row = actions.find(companion_id, rectification_id)
    is_inspector = bool(call.caller.roles & _INSPECTORS)
    entries = audit.entries_of("support", rectification_id)[0] if is_inspector else None
    return RectificationView.of(row, reader=call.caller, entries=entries)


@routes.post(
    "/companions/{companion_id}/rectifications/{rectification_id}/training",
    summary="学完一篇手册",
    roles={Role.COMPANION},
    body=TrainingBody,
    reply=RectificationView,
    effect=True,
    problems=(rules.RectificationNotFound, rules.RectificationStage, rules.NotInTraining),
)
def finish_training(call: Call[TrainingBody], companion_id: str, rectification_id: str) -> RectificationView:
    """通知书里的必修内容，逐篇确认；全部学完才能提交整改说明。"""
    _require_own(call, companion_id)
    row = actions.read_training(
        call.tx, companion_id=companion_id, rectification_id=rectification_id, article_id=call.body.article_id
    )
    return RectificationView.of(row, reader=call.caller)


@routes.post(
    "/companions/{companion_id}/rectifications/{rectification_id}/uploads",
    summary="申请上传整改佐证",
    roles={Role.COMPANION},
    body=RectificationUploadBody,
    reply=UploadForm,
    status=201,
    problems=(rules.RectificationNotFound, rules.RectificationStage, Invalid),
)
def allow_proof(call: Call[RectificationUploadBody], companion_id: str, rectification_id: str) -> UploadForm:
    """文件直接传到存储；一天内没有整改说明引用的会被删除。"""
    _require_own(call, companion_id)
    upload = actions.allow_evidence(
        companion_id=companion_id,
        rectification_id=rectification_id,
        content_type=call.body.content_type,
        now=call.now,
    )
    return UploadForm.of(upload)


@routes.post(
    "/companions/{companion_id}/rectifications/{rectification_id}/answer",
    summary="提交整改说明",
    roles={Role.COMPANION},
    body=RectificationAnswerBody,
    reply=RectificationView,
    effect=True,
    problems=(
        rules.RectificationNotFound,
        rules.RectificationStage,
        rules.TrainingMissing,
        UploadMissing,
        UploadRefused,
    ),
)
def answer_rectification(
    call: Call[RectificationAnswerBody], companion_id: str, rectification_id: str
) -> RectificationView:
    """提交后由没有处理过相关申诉的客服复核；逾期没有提交的直接进入复核。"""
    _require_own(call, companion_id)
    row = actions.answer(
        call.tx,
        companion_id=companion_id,
        rectification_id=rectification_id,
        text=call.body.text.strip(),
        evidence_ids=call.body.evidence_ids,
    )
    return RectificationView.of(row, reader=call.caller)


@routes.get(
    "/companions/{companion_id}/rectifications/{rectification_id}/evidence/{file_id}",
    summary="查看整改佐证",
    roles={Role.COMPANION, *_INSPECTORS},
    reply=EvidenceLink,
    problems=(rules.RectificationNotFound,),
)
def link_proof(call: Call[Any], companion_id: str, rectification_id: str, file_id: str) -> EvidenceLink:
    """客服查看会留档。"""
    _require_own(call, companion_id)
    url = actions.link_evidence(
        call.tx,
        companion_id=companion_id,
        rectification_id=rectification_id,
        file_id=file_id,
        reader=call.caller.subject,
    )
    return EvidenceLink(url=url)


@routes.post(
    "/companions/{companion_id}/rectifications/{rectification_id}/re-inspection",
    summary="复核整改",
    roles=_INSPECTORS,
    body=ReInspectionBody,
    reply=RectificationView,
    effect=True,
    problems=(
        rules.RectificationNotFound,
        rules.RectificationStage,
        rules.OtherInspects,
        rules.DaysMisplaced,
        rules.ExtendedOftenEnough,
    ),
)
def re_inspect(call: Call[ReInspectionBody], companion_id: str, rectification_id: str) -> RectificationView:
    """处理过相关申诉的客服不能复核。恢复后重新计算投诉率；清退后不能再接单。"""
    row = actions.re_inspect(
        call.tx,
        companion_id=companion_id,
        rectification_id=rectification_id,
        inspector_id=call.caller.subject,
        outcome=call.body.outcome,
        days=call.body.days,
        reason=call.body.reason.strip(),
    )
    return RectificationView.of(row, reader=call.caller)


def _listed(call: Call[Any], companion_id: str) -> Page[RectificationLine]:
    rows, last = actions.list_of(companion_id, limit=call.query.limit, after=decode_cursor(call.query.cursor))
    return Page(items=[RectificationLine.of(row) for row in rows], next_cursor=encode_cursor(last))


def _require_own(call: Call[Any], companion_id: str) -> None:
    """RectificationNotFound for a companion who asks of another."""
    if call.caller.subject != companion_id and not call.caller.roles & _INSPECTORS:
        raise rules.RectificationNotFound()
