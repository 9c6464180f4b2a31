"""The played order: it reaches its end, and what it asks of the store stays within the limits."""

from collections.abc import Mapping

import pytest

from benchmarks import limits
from benchmarks.cost import Played, memory_mb, order_cost
from benchmarks.endpoints import Endpoint, endpoints_of
from benchmarks.order import measured_order
from benchmarks.prices import PRICES


@pytest.fixture(scope="module")
def played() -> Played:
    """The second order of a process, which has read its configuration by then."""
    order, _ = measured_order(2)
    return order


@pytest.fixture(scope="module")
def endpoints(played: Played) -> Mapping[str, Endpoint]:
    return endpoints_of(played.acts)


def test_hot_endpoints_make_one_read_and_one_write_at_most(endpoints: Mapping[str, Endpoint]) -> None:
    assert [verdict for verdict in limits.of_endpoints(endpoints) if not verdict.holds] == []


def test_nothing_writes_in_more_than_one_transaction(endpoints: Mapping[str, Endpoint]) -> None:
    assert [name for name, endpoint in endpoints.items() if endpoint.writes > 1] == []


def test_an_order_is_told_by_events_and_kept_by_timers(played: Played) -> None:
    assert played.events > 0
    assert played.timers > 0
    assert {"request", "event", "timer", "socket"} == {act.kind for act in played.acts}


def test_the_cost_is_the_sum_of_its_parts(played: Played) -> None:
    cost = order_cost(played, [])
    assert set(cost["amounts"]) == set(PRICES)
    assert cost["usd"] == pytest.approx(sum(cost["usd_by"].values()), abs=1e-5)
    assert cost["amounts"]["api_requests"] == sum(act.kind == "request" for act in played.acts)


def test_every_function_has_a_memory_size(played: Played) -> None:
    assert all(memory_mb(act.room) >= 128 for act in played.acts)
