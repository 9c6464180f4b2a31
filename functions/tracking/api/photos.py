"""Photos that prove a step: their upload, and a look at them."""

from typing import Any

from functions.shared.caller import STAFF, Role
from functions.shared.errors import Invalid
from functions.shared.http import Call
from functions.shared.http.uploads import UploadForm
from functions.tracking import actions
from functions.tracking.api.declared import routes
from functions.tracking.rules import evidence, progress
from functions.tracking.schemas.photos import PhotoList, PhotoUploadBody, PhotoView


@routes.post(
    "/visits/{visit_id}/uploads",
    summary="申请上传照片",
    roles={Role.COMPANION},
    body=PhotoUploadBody,
    reply=UploadForm,
    status=201,
    problems=(progress.VisitNotFound, progress.VisitNotRunning, Invalid),
)
def allow_photo(call: Call[PhotoUploadBody], visit_id: str) -> UploadForm:
    """The photo goes straight to the store; one that no milestone names is removed after a day."""
    upload = actions.allow_photo(
        visit_id=visit_id, companion_id=call.caller.subject, content_type=call.body.content_type, now=call.now
    )
    return UploadForm.of(upload)


@routes.get(
    "/visits/{visit_id}/photos",
    summary="查看照片凭证",
    roles={Role.CLIENT, Role.COMPANION} | STAFF,
    reply=PhotoList,
    problems=(progress.VisitNotFound,),
)
def read_photos(call: Call[Any], visit_id: str) -> PhotoList:
    """With links of five minutes. A look of staff leaves an audit row."""
    photos, standing = actions.read_photos(call.tx, visit_id=visit_id, caller=call.caller)
    flagged = standing in evidence.SEES_FLAGS
    return PhotoList(items=[PhotoView.of(photo, flagged=flagged) for photo in photos])
