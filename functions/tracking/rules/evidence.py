"""Photos that prove a step of the visit (F8, F22): a step that wants one is not done without it."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.shared.errors import Conflict, FieldError
from functions.tracking.rules.access import Standing
from functions.tracking.rules.progress import Milestone, Recorder

SEES_PHOTOS = frozenset({Standing.CLIENT, Standing.COMPANION, Standing.STAFF})
"""A ticket bears a name: guests follow the progress, but are not shown its papers."""
SEES_FLAGS = frozenset({Standing.STAFF})
"""Whether a photo is suspected is told to nobody who might have sent it."""


class PhotoMissing(Conflict):
    """The step wants a photo, and none was named."""

    code = "photo_missing"
    title = "请先拍照上传，再记录该节点"


class PhotoAlreadyUsed(Conflict):
    """The same picture proves another step of this visit."""

    code = "photo_already_used"
    title = "这张照片已用于本次陪诊的其他节点，请重新拍摄"


@dataclass(frozen=True)
class FirstUse:
    """Where a picture (by its hash) was seen first."""

    order_id: str
    code: str


def require_photo(step: Milestone, file_id: str | None) -> None:
    """PhotoMissing if the step wants a photo, there is none, and staff have not vouched for the step."""
    if step.check_in.wants_photo and step.proved_by is not Recorder.STAFF and file_id is None:
        raise PhotoMissing(errors=(FieldError(step.code, f"“{step.title}”需要照片凭证"),))


def reused_from(first: FirstUse | None, *, order_id: str, earlier_here: Sequence[str], sha256: str) -> str | None:
    """The other order in which the same picture was used before, or None; PhotoAlreadyUsed if it was in this one.

    `earlier_here` are the hashes of this visit's photos. A picture from elsewhere is accepted and flagged: the
    companion stands at a counter with a patient, and whether it is fraud is for people to find out.
    """
    if sha256 in earlier_here:
        raise PhotoAlreadyUsed()
    if first is None or first.order_id == order_id:
        return None
    return first.order_id
