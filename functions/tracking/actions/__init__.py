"""What the room does: `visits` (progress), `photos` (evidence, F8), `positions` (F9), `watching` (the live channel),
`emergencies` (F34), `access`, `policies`."""

from functions.tracking.actions.access import require_viewer
from functions.tracking.actions.emergencies import Evidence, find_emergency_evidence
from functions.tracking.actions.photos import allow_photo, read_photos
from functions.tracking.actions.policies import put_policy
from functions.tracking.actions.positions import Upload, find_present_position, find_shared_position, report_positions
from functions.tracking.actions.visits import (
    Assignment,
    VisitCard,
    cancel_visit,
    check_in,
    find_visit,
    mark_reported,
    move_visit,
    read_visit,
    record_milestone,
    schedule_visit,
    vacate_visit,
)
from functions.tracking.actions.watching import (
    AlreadyConnected,
    Missed,
    Subscription,
    TooManyWatched,
    close_connection,
    find_audience,
    find_change,
    find_missed,
    open_connection,
    prune,
    unwatch,
    watch,
    watch_desk,
)
from functions.tracking.rules.progress import VisitNotFound, VisitState

__all__ = [
    "AlreadyConnected",
    "Assignment",
    "Evidence",
    "Missed",
    "Subscription",
    "TooManyWatched",
    "Upload",
    "VisitCard",
    "VisitNotFound",
    "VisitState",
    "allow_photo",
    "cancel_visit",
    "check_in",
    "close_connection",
    "find_audience",
    "find_change",
    "find_emergency_evidence",
    "find_missed",
    "find_present_position",
    "find_shared_position",
    "find_visit",
    "mark_reported",
    "move_visit",
    "open_connection",
    "prune",
    "put_policy",
    "read_photos",
    "read_visit",
    "record_milestone",
    "report_positions",
    "require_viewer",
    "schedule_visit",
    "unwatch",
    "vacate_visit",
    "watch",
    "watch_desk",
]
