"""H3 cells. The library is loaded on first use: only a companion who moved into another cell needs it."""

from functions.tracking.rules.presence import Point, distance_m
from functions.tracking.rules.sharing import Cell


def cell_at(point: Point, *, resolution: int) -> Cell:
    """The cell that contains `point` (taken as GCJ-02 degrees, so that the centre lies right on a Chinese map)."""
    import h3

    index = h3.latlng_to_cell(point.lat, point.lng, resolution)
    centre = Point(*h3.cell_to_latlng(index))
    reach_m = max(distance_m(centre, Point(*corner)) for corner in h3.cell_to_boundary(index))
    return Cell(index, centre.lat, centre.lng, reach_m)
