"""The meter sees every store call of an act and knows what it costs."""

from collections.abc import Iterator
from typing import Any

import pytest
from pynamodb.attributes import UnicodeAttribute

from benchmarks.capacity import Units
from benchmarks.meter import Act, Meter
from functions.shared import clock
from functions.shared.errors import Conflict
from functions.shared.table import Row, find, find_all, query_page
from functions.shared.tx import Tx

pytestmark = pytest.mark.usefixtures("world")


class MeteredRow(Row):
    class Meta:
        table_name = "booking"

    text = UnicodeAttribute(null=True)
    client_id = UnicodeAttribute(null=True)
    placed_at = UnicodeAttribute(null=True)


class Metered(MeteredRow, discriminator="metered"):
    pass


class Other(MeteredRow, discriminator="other"):
    pass


@pytest.fixture
def meter() -> Iterator[Meter]:
    with Meter().running() as running:
        yield running


def written(*rows: Row) -> None:
    tx = Tx("booking", now=clock.now(), correlation_id="cor")
    for row in rows:
        tx.insert(row, taken=Conflict())
    tx.commit()


def metered(meter: Meter, what: Any) -> Act:
    with meter.act("act", kind="request", room="booking") as act:
        what()
    return act


def test_a_transaction_of_two_rows_is_one_write_of_four_units(meter: Meter) -> None:
    act = metered(meter, lambda: written(Metered("N", "1"), Metered("N", "2")))
    assert (act.reads, act.writes, act.units) == (0, 1, Units(write=4))


def test_an_index_entry_is_charged_once_more(meter: Meter) -> None:
    act = metered(meter, lambda: written(Metered("N", "1", client_id="c", placed_at="t")))
    assert act.units == Units(write=2 + 1)


def test_a_refused_transaction_is_charged(meter: Meter) -> None:
    written(Metered("N", "1"))

    def again() -> None:
        with pytest.raises(Conflict):
            written(Metered("N", "1", text="x" * 2100))

    assert metered(meter, again).units == Units(write=6)


def test_reads_are_charged_by_what_is_there_and_what_is_not(meter: Meter) -> None:
    written(Metered("N", "1", text="x" * 5000))
    assert metered(meter, lambda: find(Metered, "N", "1")).units == Units(read=2)
    assert metered(meter, lambda: find(Metered, "N", "1", consistent=False)).units == Units(read=1)
    assert metered(meter, lambda: find(Metered, "N", "9")).units == Units(read=1)
    batch = metered(meter, lambda: find_all(MeteredRow, [("N", "1"), ("N", "9")]))
    assert (batch.reads, batch.units) == (1, Units(read=3))


def test_a_query_is_charged_for_what_its_filter_hides(meter: Meter) -> None:
    written(*(Other("N", f"{n}", text="x" * 3000) for n in range(4)), Metered("N", "9"))
    act = metered(meter, lambda: query_page(Metered, "N", limit=50))
    assert (act.reads, act.units) == (1, Units(read=3))


def test_our_own_time_leaves_the_calls_out(meter: Meter) -> None:
    act = metered(meter, lambda: written(Metered("N", "1")))
    assert act.own_ms > 0


def test_calls_outside_acts_do_not_count(meter: Meter) -> None:
    written(Metered("N", "1"))
    assert meter.acts == []
