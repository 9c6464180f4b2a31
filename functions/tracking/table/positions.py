"""Exact positions, sealed."""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from functions.shared import ids
from functions.shared.table import InstantAttribute
from functions.tracking.table.base import TrackingRow


class Trail(TrackingRow, discriminator="position_trail"):
    """A batch of positions as it came; batches may overlap and are merged by instant when read."""

    received_at = InstantAttribute()
    sealed_readings = UnicodeAttribute()


def trail_key(visit_id: str, first_at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("TRAIL", first_at).replace("_", "#")
