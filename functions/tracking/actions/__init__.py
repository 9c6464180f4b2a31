"""What the room does: `visits` (from assignment to report), `recording` (milestones), `check_ins` (presence), `photos`
(evidence, F8), `positions` and `trails` (F9), `watching` (the live channel), `emergencies` (F34) and the rest by name."""

from functions.tracking.actions.access import require_viewer
from functions.tracking.actions.check_ins import Attempt, check_in, list_check_ins
from functions.tracking.actions.emergencies import Evidence, find_emergency_evidence
from functions.tracking.actions.photos import allow_photo, read_photos
from functions.tracking.actions.policies import put_policy
from functions.tracking.actions.positions import Upload, find_present_position, find_shared_position, report_positions
from functions.tracking.actions.recording import (
    Entry,
    correct_milestone,
    end_lapsed,
    record_milestone,
    skip_milestone,
    vouch_for_presence,
)
from functions.tracking.actions.trails import (
    HOLD_ENDS,
    end_holds,
    hold_evidence,
    list_holds,
    list_trail_accesses,
    open_trail,
    release_evidence,
    restamp_evidence,
)
from functions.tracking.actions.visits import (
    Assignment,
    VisitCard,
    cancel_visit,
    find_visit,
    mark_reported,
    move_visit,
    read_visit,
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
    "HOLD_ENDS",
    "AlreadyConnected",
    "Assignment",
    "Attempt",
    "Entry",
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
    "correct_milestone",
    "end_holds",
    "end_lapsed",
    "find_audience",
    "find_change",
    "find_emergency_evidence",
    "find_missed",
    "find_present_position",
    "find_shared_position",
    "find_visit",
    "hold_evidence",
    "list_check_ins",
    "list_holds",
    "list_trail_accesses",
    "mark_reported",
    "move_visit",
    "open_connection",
    "open_trail",
    "prune",
    "put_policy",
    "read_photos",
    "read_visit",
    "record_milestone",
    "release_evidence",
    "report_positions",
    "require_viewer",
    "restamp_evidence",
    "schedule_visit",
    "skip_milestone",
    "unwatch",
    "vacate_visit",
    "vouch_for_presence",
    "watch",
    "watch_desk",
]
