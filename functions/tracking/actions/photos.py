"""Photos as evidence (F8, F22): the leave to upload one, keeping it with its step, showing it."""

from datetime import datetime

from functions.shared import audit, files, pictures
from functions.shared.caller import Caller
from functions.shared.errors import Problem
from functions.shared.tx import Tx
from functions.tracking import table
from functions.tracking.actions.access import load_own_visit, load_visit
from functions.tracking.events import VisitPhotoReused
from functions.tracking.rules import evidence, progress
from functions.tracking.rules.access import Standing, standing_of
from functions.tracking.rules.progress import Milestone, VisitNotFound

ROOM = "tracking"


def allow_photo(*, visit_id: str, companion_id: str, content_type: str, now: datetime) -> files.Upload:
    """Leave for the visit's companion to upload one photo in five minutes (one read).

    Raises VisitNotFound, VisitNotRunning, Invalid.
    """
    visit = load_own_visit(visit_id, companion_id=companion_id)
    progress.require_underway(progress.VisitState(visit.state))
    return files.allow_upload(ROOM, owner=visit_id, content_type=content_type, kinds=files.PHOTOS, now=now)


def inspect_photo(tx: Tx, visit_id: str, file_id: str) -> files.Stored | Problem:
    """The uploaded photo, looked at once; or what is wrong with it, to be raised once it is clear who asks."""
    return tx.once(f"photo#{file_id}", lambda: _inspected(visit_id, file_id))


def keep_photo(
    tx: Tx, visit: table.Visit, step: Milestone, photo: files.Stored | Problem, use: table.PhotoUse | None
) -> None:
    """Keep an inspected photo as the step's evidence, and remember its hash. No further read.

    A picture that served another order is flagged and told (`visit.photo_reused`). Raises UploadMissing, UploadRefused,
    PhotoAlreadyUsed.
    """
    if isinstance(photo, Problem):
        raise photo
    first = evidence.FirstUse(use.order_id, use.code) if use else None
    earlier = visit.photos or {}
    other = evidence.reused_from(
        first, order_id=visit.order_id, earlier_here=list(earlier.values()), sha256=photo.sha256
    )
    shown_key = tx.once(f"kept#{photo.file_id}", lambda: _kept(visit.visit_id, photo))
    visit.photos = {**earlier, step.code: photo.sha256}
    if use is None:
        tx.insert(table.PhotoUse(*table.photo_use_key(photo.sha256), order_id=visit.order_id, code=step.code))
    tx.insert(
        table.VisitPhoto(
            *table.photo_key(visit.visit_id, step.code, int(visit.companion_revision)),
            code=step.code,
            title=step.title,
            file_key=photo.key,
            shown_key=shown_key,
            content_type=photo.content_type,
            size_bytes=photo.size_bytes,
            sha256=photo.sha256,
            received_at=tx.now,
            reused_from=other,
        )
    )
    if other is not None:
        tx.emit(
            VisitPhotoReused(
                visit_id=visit.visit_id,
                order_id=visit.order_id,
                companion_id=visit.companion_id,
                code=step.code,
                first_order_id=other,
            )
        )


def read_photos(tx: Tx, *, visit_id: str, caller: Caller) -> tuple[list[table.VisitPhoto], Standing]:
    """The visit's photos by step (two reads), for its client, its companion and staff; a look of staff is recorded.

    VisitNotFound for everybody else.
    """
    visit = load_visit(visit_id)
    standing = standing_of(caller, client_id=visit.client_id, companion_id=visit.companion_id, order_id=visit.order_id)
    if standing not in evidence.SEES_PHOTOS:
        raise VisitNotFound()
    if standing is Standing.STAFF:
        audit.record(tx, actor=caller.subject, act="visit_photos.viewed", subject=visit_id)
    return list(table.photos_of(visit_id)), standing


def _kept(visit_id: str, photo: files.Stored) -> str:
    """Keep the file; the key of what may be shown, a copy if the file tells more than its picture."""
    files.keep(photo)
    shown = pictures.without_metadata(photo.content, photo.content_type)
    if shown == photo.content:
        return photo.key
    return files.put(
        ROOM, owner=visit_id, file_id=f"{photo.file_id}-shown", content=shown, content_type=photo.content_type
    )


def _inspected(visit_id: str, file_id: str) -> files.Stored | Problem:
    try:
        return files.inspect(ROOM, owner=visit_id, file_id=file_id, kinds=files.PHOTOS, field="photo_file_id")
    except (files.UploadMissing, files.UploadRefused) as problem:
        return problem
