"""What the live channel tells of video calls; nobody's credentials are in it."""

from functions.tracking.rules.calls import CallState
from functions.tracking.schemas.calls import CallView
from functions.tracking.schemas.live import Told
from functions.tracking.table.calls import CallRow


class CallRinging(Told, frozen=True, kw_only=True, tag="call.ringing"):
    """Somebody calls: join, or let it ring."""

    visit_id: str
    call: CallView


class CallChanged(Told, frozen=True, kw_only=True, tag="call.changed"):
    """Somebody joined or left, or the call is over. The highest `version` is the latest."""

    visit_id: str
    call: CallView


def told_of(row: CallRow) -> CallRinging | CallChanged:
    """The message about a call as it now is."""
    kind = CallRinging if row.call.state is CallState.RINGING else CallChanged
    return kind(visit_id=row.visit_id, call=CallView.of(row))
