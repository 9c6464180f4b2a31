"""The visit's figures hold what the product promises of them."""

import pytest

from benchmarks import live, remedy_cost, visit_cost


@pytest.mark.feature("F10")
def test_a_change_is_told_once_to_each_and_the_writer_pays_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(live.WATCHERS, "quick", 30)
    found = live.measure(quick=True)
    assert (found["posts"], found["writer"]["wru"]) == (30, found["writer_unwatched_wru"])
    assert [verdict.name for verdict in live.verdicts(found) if not verdict.holds] == []
    assert "30 sockets" in live.text(found)


@pytest.mark.feature("F9")
def test_a_visit_of_two_hours_keeps_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit_cost, "MINUTES", 20)
    monkeypatch.setattr(visit_cost, "POINTS", 40)
    monkeypatch.setattr(
        visit_cost, "STEPS", {0: ("departed",), 10: ("arrived", "registering", "examining"), 18: ("ended",)}
    )
    found = visit_cost.measure(quick=True)
    assert (found["points"], found["watchers"], found["messages"]) == (40, 3, 10)
    assert [verdict.name for verdict in visit_cost.verdicts(found) if not verdict.holds] == []
    assert "40 positions" in visit_cost.text(found)


@pytest.mark.feature("F36")
@pytest.mark.feature("F17")
def test_a_claim_and_a_complaint_keep_their_limits() -> None:
    found = remedy_cost.measure(quick=True)
    assert [verdict.name for verdict in remedy_cost.verdicts(found) if not verdict.holds] == []
    assert found["claim"]["requests"] >= 8
    assert found["complaint"]["requests"] >= 5
    assert "complaint" in remedy_cost.text(found)
