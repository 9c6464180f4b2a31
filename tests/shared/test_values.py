"""Money, ids, instants and encrypted fields."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.shared import clock, crypto, ids, money
from tests.harness.world import World

AMOUNTS = st.integers(min_value=0, max_value=money.MAX_FEN)


class TestMoney:
    @given(AMOUNTS, st.lists(st.integers(0, 10_000), min_size=1).filter(any))
    def test_parts_sum_to_the_whole_and_miss_their_share_by_less_than_a_fen(
        self, amount: int, weights: list[int]
    ) -> None:
        parts = money.allocate(amount, weights)
        assert sum(parts) == amount
        assert all(abs(part * sum(weights) - amount * w) < sum(weights) for part, w in zip(parts, weights, strict=True))

    @given(AMOUNTS, st.integers(0, money.BP_WHOLE))
    def test_a_share_and_its_rest_make_the_whole(self, amount: int, share_bp: int) -> None:
        part = money.share(amount, share_bp)
        assert 0 <= part <= amount
        assert money.share(-amount, share_bp) == -part

    @pytest.mark.parametrize("value", [1.0, True, "1", None])
    def test_only_integers_are_money(self, value: object) -> None:
        with pytest.raises(TypeError):
            money.fen(value)

    @pytest.mark.parametrize(("fen", "shown"), [(22_000, "¥220.00"), (-5, "-¥0.05"), (123_456_789, "¥1,234,567.89")])
    def test_people_read_yuan(self, fen: int, shown: str) -> None:
        assert money.yuan(fen) == shown


class TestIds:
    def test_ids_sort_by_time(self) -> None:
        early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
        assert ids.new("ord", early) < ids.new("ord", late)

    def test_an_orders_visit_has_one_derivable_id(self) -> None:
        order_id = ids.new("ord")
        visit_id = ids.derived("vis", order_id)
        assert ids.is_id("vis", visit_id)
        assert ids.derived("ord", visit_id) == order_id
        assert not ids.is_id("ord", visit_id)


class TestClock:
    def test_the_china_day_begins_at_sixteen_utc(self) -> None:
        assert clock.service_date(datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == date(2026, 3, 2)
        assert clock.service_date(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == date(2026, 3, 3)

    def test_people_read_china_time(self) -> None:
        assert clock.spoken(datetime(2026, 3, 5, 0, 30, tzinfo=UTC)) == "3月5日 08:30"


@pytest.mark.usefixtures("world")
class TestEncryptedFields:
    def test_a_field_reads_back_under_its_wrapped_key_only(self) -> None:
        key = crypto.new_key(room="accounts", owner_id="pat_1")
        stored = key.encrypt("id_number", "11010519491231002X")
        assert "11010519491231002X" not in stored
        assert key.encrypt("id_number", "11010519491231002X") != stored
        opened = crypto.open_key(key.wrapped, room="accounts", owner_id="pat_1")
        assert opened.decrypt("id_number", stored) == "11010519491231002X"
        with pytest.raises(crypto.Unreadable):
            opened.decrypt("phone", stored)

    def test_a_key_does_not_open_for_another_patient(self, world: World) -> None:
        from botocore.exceptions import ClientError

        key = crypto.new_key(room="accounts", owner_id="pat_1")
        with pytest.raises(ClientError):
            crypto.open_key(key.wrapped, room="accounts", owner_id="pat_2")
