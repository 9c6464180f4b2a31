"""When a report is due and who reads it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.care.rules import DISCLAIMER, Policy, Reader, due_at, reader_of
from functions.shared.caller import Caller, Role

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.feature("F14")
class TestDue:
    def test_a_report_is_due_an_hour_after_the_end(self) -> None:
        assert due_at(NOW, Policy()) == NOW + timedelta(hours=1)

    @given(st.integers(1, 10**6), st.integers(1, 10**6))
    def test_a_longer_allowance_is_never_due_earlier(self, one_s: int, other_s: int) -> None:
        assert (due_at(NOW, Policy(one_s)) <= due_at(NOW, Policy(other_s))) == (one_s <= other_s)

    def test_no_time_at_all_is_no_policy(self) -> None:
        with pytest.raises(ValueError, match="care policy"):
            Policy(report_due_s=0)


class TestReaders:
    @pytest.mark.parametrize(
        ("caller", "reader"),
        [
            (Caller("acc_client", frozenset({Role.CLIENT})), Reader.CLIENT),
            (Caller("acc_companion", frozenset({Role.COMPANION, Role.CLIENT})), Reader.COMPANION),
            (Caller("acc_companion", frozenset({Role.CLIENT})), None),
            (Caller("stf_1", frozenset({Role.AGENT})), Reader.STAFF),
            (Caller("gst_1", frozenset({Role.GUEST}), order_id="ord_1"), Reader.GUEST),
            (Caller("gst_1", frozenset({Role.GUEST}), order_id="ord_2"), None),
            (Caller("ins_1", frozenset({Role.INSURER})), None),
        ],
    )
    def test_who_somebody_is_to_the_report(self, caller: Caller, reader: Reader | None) -> None:
        found = reader_of(caller, client_id="acc_client", companion_id="acc_companion", order_id="ord_1")
        assert found is reader

    @given(st.sets(st.sampled_from(Role)), st.text(max_size=8), st.text(max_size=8))
    def test_nobody_but_parties_guests_of_the_order_and_staff_is_a_reader(
        self, roles: set[Role], subject: str, order_id: str
    ) -> None:
        caller = Caller(subject, frozenset(roles), order_id=order_id)
        reader = reader_of(caller, client_id="acc_client", companion_id="acc_companion", order_id="ord_1")
        assert reader in ({Reader.STAFF} if caller.is_staff and Role.GUEST not in roles else {None})


def test_the_report_says_that_it_is_no_diagnosis() -> None:
    assert "不构成诊断" in DISCLAIMER
