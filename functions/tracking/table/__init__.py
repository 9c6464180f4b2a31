"""The `tracking` table.

| pk                   | sk                 | kind            | what                                                   |
|----------------------|--------------------|-----------------|--------------------------------------------------------|
| `<visit_id>`         | `VISIT`            | visit           | parties, times, fence, milestones, shared cell, key    |
| `<visit_id>`         | `CLOSED`           | visit_closure   | its order closed before the visit existed; expires     |
| `<visit_id>`         | `HISTORY#<number>` | visit_history   | one change of the visit, as watchers are told of it    |
| `<visit_id>`         | `CHECKIN#<ulid>`   | check_in        | an attempt to prove presence; place sealed; expires    |
| `<visit_id>`         | `PHOTO#<code>#<n>` | visit_photo     | the photo that proves a milestone; n: who took it      |
| `PHOTO#<sha256>`     | `FIRST`            | photo_use       | where a picture was seen first                         |
| `<visit_id>`         | `NOSHOW#<number>`  | no_show_case    | one party says that the other has not come; sealed     |
| `<visit_id>`         | `EXTRAS`           | visit_extras    | overtime and its cap, the sum of expenses              |
| `<visit_id>`         | `EXPENSE#<id>`     | visit_expense   | what the companion laid out, with its receipt's key    |
| `RECEIPT#<sha256>`   | `USE`              | receipt_use     | the expense that a receipt stands for                  |
| `<visit_id>`         | `TRAIL#<ulid>`     | position_trail  | a batch of exact positions, sealed; expires            |
| `<visit_id>`         | `TRAILINDEX`       | trail_index     | which seconds are kept, why evidence is held; expires  |
| `<visit_id>`         | `TRAILACCESS#<ulid>` | trail_access  | a look of staff at the exact positions, and why        |
| `<visit_id>`         | `EMERGENCY#<id>`   | emergency_call  | a call for help: its state, who was reached (F34)      |
| `<visit_id>`         | `EMERGENCY_OPEN`   | emergency_open  | which call the next press joins                        |
| `<visit_id>`         | `SOS#<id>#REPORT…` | emergency_report | what a press said, sealed; expires                    |
| `<visit_id>`         | `SOS#<id>#CONDITION` | emergency_condition | the shared condition, sealed; expires            |
| `<visit_id>`         | `CALL#<id>`        | video_call      | a video call: who was in it when                       |
| `<visit_id>`         | `CALL_OPEN`        | video_call_open | which one is open, and until when                      |
| `CHAT#<visit_id>`    | `HEAD`             | chat_head       | number of the latest entry of the conversation (F12)   |
| `CHAT#<visit_id>`    | `PARTY#<subject>`  | chat_party      | what somebody sent that is unchecked; read up to where |
| `CHAT#<visit_id>`    | `MSG#<message_id>` | chat_message    | a message as it was sent, under its sender's own id    |
| `CHAT#<visit_id>`    | `ENTRY#<number>`   | chat_entry      | a message or card as everybody sees it; text sealed    |
| `CHATQUEUE`          | `<since>#<id>`     | chat_waiting    | a message that staff have to look at                   |
| `WATCH#<visit_id>`   | `<connection_id>`  | watcher         | a socket that follows the visit (or `DESK#<hospital>`) |
| `CONNECTION#<id>`    | `CONNECTION`       | live_connection | an open socket: who, and what it follows; expires      |
| `CONFIG`             | `policy`           | tracking_policy | thresholds                                             |

Kinds are unique in the whole product: PynamoDB keeps one register of them for all rooms.
"""

from functions.tracking.table.base import (
    PolicyRow,
    TrackingRow,
    find_policy_row,
    policy,
)
from functions.tracking.table.live import (
    Connection,
    Watcher,
    connection_key,
    desk_topic,
    find_connection,
    find_for_watching,
    find_watcher,
    find_watchers_of_connection,
    watcher_key,
    watchers_of,
)
from functions.tracking.table.positions import (
    Trail,
    TrailAccess,
    TrailIndex,
    evidence_page,
    find_trail_index,
    find_visit_and_trail,
    trail_access_key,
    trail_accesses_of,
    trail_key,
    trails_of,
)
from functions.tracking.table.visits import (
    CheckIn,
    Closure,
    History,
    PhotoUse,
    Visit,
    VisitPhoto,
    check_in_key,
    check_ins_of,
    closure_key,
    find_for_recording,
    find_history,
    find_visit_or_closure,
    find_visit_row,
    history_after,
    history_key,
    photo_key,
    photo_use_key,
    photos_of,
    visit_key,
)

__all__ = [
    "CheckIn",
    "Closure",
    "Connection",
    "History",
    "PhotoUse",
    "PolicyRow",
    "TrackingRow",
    "Trail",
    "TrailAccess",
    "TrailIndex",
    "Visit",
    "VisitPhoto",
    "Watcher",
    "check_in_key",
    "check_ins_of",
    "closure_key",
    "connection_key",
    "desk_topic",
    "evidence_page",
    "find_connection",
    "find_for_recording",
    "find_for_watching",
    "find_history",
    "find_policy_row",
    "find_trail_index",
    "find_visit_and_trail",
    "find_visit_or_closure",
    "find_visit_row",
    "find_watcher",
    "find_watchers_of_connection",
    "history_after",
    "history_key",
    "photo_key",
    "photo_use_key",
    "photos_of",
    "policy",
    "trail_access_key",
    "trail_accesses_of",
    "trail_key",
    "trails_of",
    "visit_key",
    "watcher_key",
    "watchers_of",
]
