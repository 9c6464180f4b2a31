"""H3 cells. The library is loaded on first use: only a companion whose position is shared needs it."""

from dataclasses import dataclass

from functions.tracking.rules.presence import Point
from functions.tracking.rules.sharing import Cell


@dataclass(frozen=True)
class H3Grid:
    """The cells of one resolution, over GCJ-02 degrees, so that a centre lies right on a Chinese map."""

    resolution: int

    def cell_of(self, point: Point) -> Cell:
        """The cell that contains `point`."""
        import h3

        index = h3.latlng_to_cell(point.lat, point.lng, self.resolution)
        return Cell(index, *h3.cell_to_latlng(index))

    def are_neighbours(self, one: str, other: str) -> bool:
        """Whether two cells touch; never, if the resolution was changed between them."""
        import h3

        same_size = h3.get_resolution(one) == h3.get_resolution(other)
        return bool(same_size and h3.are_neighbor_cells(one, other))
