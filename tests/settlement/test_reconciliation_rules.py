"""A bill against our books, both ways."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.settlement.gateways.spool import Spool
from functions.settlement.gateways.wechat_bill import HEADER, TOTALS_HEADER, BadBill, lines_of
from functions.settlement.rules.payments import IllegalMove
from functions.settlement.rules.reconciliation import (
    TITLES,
    BillLine,
    CasesOpen,
    Difference,
    DifferenceKind,
    LineKind,
    OurLine,
    RunState,
    Tally,
    check_sign_off,
    compare,
    move_run,
    part_of,
)

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def theirs(number: str, amount_fen: int = 22_000, *, kind: LineKind = LineKind.PAYMENT, done: bool = True) -> BillLine:
    return BillLine(kind, number, f"42{number}", amount_fen, 132, done, AT)


def ours(number: str, amount_fen: int = 22_000, *, kind: LineKind = LineKind.PAYMENT, done: bool = True) -> OurLine:
    return OurLine(kind, number, f"ord_{number}", amount_fen, done)


def found(own: list[OurLine], bill: list[BillLine]) -> tuple[list[Difference], Tally]:
    tally = Tally()
    return list(compare(own, bill, tally)), tally


@pytest.mark.feature("F32")
class TestCompare:
    def test_equal_sides_match(self) -> None:
        differences, tally = found([ours("a"), ours("b")], [theirs("b"), theirs("a")])
        assert differences == []
        assert (tally.matched, tally.matched_fen, tally.fees_fen) == (2, 44_000, 264)

    @pytest.mark.parametrize(
        ("own", "bill", "kind", "off_fen"),
        [
            ([ours("a")], [], DifferenceKind.OURS_ONLY, -22_000),
            ([], [theirs("a")], DifferenceKind.THEIRS_ONLY, 22_000),
            ([], [theirs("a", kind=LineKind.REFUND)], DifferenceKind.THEIRS_ONLY, -22_000),
            ([ours("a", 100)], [theirs("a", 150)], DifferenceKind.AMOUNT, 50),
            ([ours("a", done=False)], [theirs("a")], DifferenceKind.STATUS, 0),
            ([ours("a")], [theirs("a", done=False)], DifferenceKind.STATUS, 0),
            ([ours("a")], [theirs("a"), theirs("a")], DifferenceKind.TWICE, 22_000),
        ],
        ids=["ours only", "theirs only", "refund of theirs", "amount", "we missed it", "they failed", "twice"],
    )
    def test_each_kind_of_difference_is_named_with_what_it_is_worth(
        self, own: list[OurLine], bill: list[BillLine], kind: DifferenceKind, off_fen: int
    ) -> None:
        differences, tally = found(own, bill)
        assert [difference.kind for difference in differences] == [kind]
        assert tally.off_fen == off_fen
        assert TITLES[kind]

    def test_what_never_moved_is_no_difference(self) -> None:
        assert found([ours("a", done=False)], [])[0] == []
        assert found([], [theirs("a", done=False)])[0] == []
        assert found([ours("a", 1, done=False)], [theirs("a", 2, done=False)])[0] == []

    def test_a_payment_and_a_refund_of_one_number_are_two_things(self) -> None:
        differences, _ = found([ours("a")], [theirs("a", kind=LineKind.REFUND)])
        assert {difference.kind for difference in differences} == {
            DifferenceKind.OURS_ONLY,
            DifferenceKind.THEIRS_ONLY,
        }

    @given(
        st.dictionaries(st.integers(0, 40).map(str), st.integers(1, 500), max_size=30),
        st.dictionaries(st.integers(0, 40).map(str), st.integers(1, 500), max_size=30),
        st.integers(1, 7),
    )
    def test_comparing_in_parts_finds_what_comparing_at_once_does(
        self, own: dict[str, int], bill: dict[str, int], parts: int
    ) -> None:
        we, they = [ours(*each) for each in own.items()], [theirs(*each) for each in bill.items()]
        at_once, whole = found(we, they)
        in_parts: list[Difference] = []
        tally = Tally()
        for part in range(parts):
            in_parts += compare(
                [line for line in we if part_of(line.kind, line.number, parts) == part],
                [line for line in they if part_of(line.kind, line.number, parts) == part],
                tally,
            )
        assert Counter(in_parts) == Counter(at_once)
        assert tally == whole
        assert whole.off_fen == sum(bill.values()) - sum(own.values())


@pytest.mark.feature("F32")
def test_lists_on_disk_are_compared_as_lists_in_memory() -> None:
    we = [ours(str(number), 100 + (number == 7)) for number in range(50) if number != 3]
    they = [theirs(str(number), 100) for number in range(50) if number != 5]
    tally = Tally()
    with Spool(parts=8) as spool:
        for own in we:
            spool.add_ours(own)
        for line in reversed(they):
            spool.add_theirs(line)
        differences = list(spool.differences(tally))
    assert {(each.number, each.kind) for each in differences} == {
        ("3", DifferenceKind.THEIRS_ONLY),
        ("5", DifferenceKind.OURS_ONLY),
        ("7", DifferenceKind.AMOUNT),
    }
    assert tally.matched == 47


class TestSignOff:
    def test_a_day_with_open_differences_is_not_signed(self) -> None:
        with pytest.raises(CasesOpen):
            check_sign_off(1)
        check_sign_off(0)

    def test_a_day_is_signed_once_and_only_when_compared(self) -> None:
        assert move_run(RunState.COMPARED, RunState.SIGNED_OFF) is RunState.SIGNED_OFF
        for state in (RunState.FAILED, RunState.SIGNED_OFF):
            with pytest.raises(IllegalMove):
                move_run(state, RunState.SIGNED_OFF)


def bill_text(*rows: str, totals: str) -> list[str]:
    """A bill as it is downloaded: its lines with their line ends."""
    return [f"{line}\n" for line in ("\ufeff" + ",".join(HEADER), *rows, ",".join(TOTALS_HEADER), totals)]


PAID = (
    "`2026-03-02 09:00:01,`wx1,`190000,`,`,`4200001,`pay_A,`oWang,`JSAPI,`SUCCESS,`OTHERS,`CNY,`225.00,`0.00,`0,`0,"
    "`0.00,`0.00,`,`,`深度陪诊,`,`1.35000,`0.60%,`225.00,`0.00,`"
)
BACK = (
    "`2026-03-02 10:00:01,`wx1,`190000,`,`,`4200001,`pay_A,`oWang,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5030001,"
    "`rfd_A,`25.00,`0.00,`ORIGINAL,`SUCCESS,`深度陪诊,`,`-0.15000,`0.60%,`0.00,`25.00,`"
)


@pytest.mark.feature("F32")
class TestBill:
    def test_a_payment_and_its_refund_in_fen(self) -> None:
        text = bill_text(PAID, BACK, totals="`2,`225.00,`25.00,`0.00,`1.20000,`225.00,`25.00")
        paid, back = lines_of(text)
        assert (paid.kind, paid.number, paid.amount_fen, paid.fee_fen) == (LineKind.PAYMENT, "pay_A", 22_500, 135)
        assert (back.kind, back.number, back.amount_fen, back.provider_no) == (
            LineKind.REFUND,
            "rfd_A",
            2_500,
            "5030001",
        )
        assert paid.at == datetime(2026, 3, 2, 1, 0, 1, tzinfo=UTC)
        assert paid.is_done
        assert back.is_done

    def test_a_day_without_trade_is_a_bill(self) -> None:
        assert list(lines_of(bill_text(totals="`0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00"))) == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ([], "表头"),
            (["a,b\n"], "表头"),
            (bill_text(PAID, totals="")[:2], "不完整"),
            (bill_text(PAID, totals="`2,`225.00,`0.00,`0.00,`1.35000,`225.00,`0.00"), "合计与明细不符"),
            (bill_text(PAID, totals="`1"), "合计不完整"),
            (bill_text("`1,`2", totals="`0"), "第 2 行"),
            (bill_text(PAID.replace("CNY", "USD"), totals="`0"), "人民币"),
            (bill_text(PAID.replace("`225.00,`0.00,`\n", "`x"), totals="`1,`0,`0,`0,`x,`225,`0"), "无法识别"),
            (bill_text(PAID.replace("2026-03-02 09", "yesterday"), totals="`0"), "时间"),
        ],
        ids=["empty", "other file", "cut off", "totals", "short totals", "columns", "currency", "amount", "time"],
    )
    def test_a_bill_that_is_not_whole_and_right_is_refused(self, text: list[str], said: str) -> None:
        with pytest.raises(BadBill, match=said):
            list(lines_of(text))
