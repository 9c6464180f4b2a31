"""Statements: a companion's as a file to keep (F25), any account's for finance (F32); both tie to the ledger."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from functions.settlement.rules.statements import Row, Statement, parse_period
from functions.settlement.spreadsheets import HEADER, as_csv, as_xlsx, harmless
from functions.shared import audit, clock, files
from functions.shared.events import Timer
from tests.harness.world import Person, Reply
from tests.settlement.makers import SPLIT, TOTAL_FEN, Order, Till

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
BACK_FEN, CLAWED_FEN = 2_000, 1_800
LEFT_FEN = SPLIT.share_fen - CLAWED_FEN
NOTHING, PENDING, AVAILABLE = [0, 0, 0, 0], [LEFT_FEN, 0, 0, 0], [0, LEFT_FEN, 0, 0]
PERIODS = {
    "2026-W09": (NOTHING, [], NOTHING),
    "2026-W10": (NOTHING, ["服务完成入账", "售后退款扣回"], PENDING),
    "2026-W11": (PENDING, ["结算，可提现"], AVAILABLE),
    "2026-03": (NOTHING, ["服务完成入账", "售后退款扣回", "结算，可提现"], AVAILABLE),
}
"""Opening balances, movements and closing balances of the story that `moved` tells."""


def rows_of_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def rows_of_xlsx(content: bytes) -> list[list[str]]:
    """Every cell as text; one without anything in it is empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter(f"{_SHEET}f"))
    rows = []
    for row in sheet.iter(f"{_SHEET}row"):
        cells = [""] * len(HEADER)
        for cell in row.iter(f"{_SHEET}c"):
            cells[ord(cell.attrib["r"][0]) - ord("A")] = "".join(cell.itertext())
        rows.append(cells)
    return rows


READERS = {"csv": rows_of_csv, "xlsx": rows_of_xlsx}


def fen(cells: Sequence[str]) -> list[int]:
    return [int(Decimal(cell) * 100) for cell in cells]


def companion(till: Till, order: Order) -> Person:
    return till.world.person("companion", subject=order.companion_id)


def make(till: Till, order: Order, period: str, format: str) -> Reply:
    body = {"period": period, "format": format}
    return till.world.post("/earnings/statements", body, as_=companion(till, order))


def statement(till: Till, order: Order, period: str, format: str) -> list[list[str]]:
    made = make(till, order, period, format)
    assert made.status == 201, made.body
    key = "settlement/" + made.body["url"].partition("/settlement/")[2].partition("?")[0]
    return READERS[format](files.read(key))


@pytest.fixture
def moved(till: Till, order: Order) -> Order:
    """Monday: completed and partly given back. The Monday after: released."""
    till.paid(order)
    till.world.publish(order.completed())
    till.world.travel.shift(timedelta(minutes=1))
    body = {"kind": "partial", "amount_fen": BACK_FEN, "reason": "提前结束陪诊"}
    finance = till.world.person("finance", subject="stf_one")
    assert till.world.post(f"/orders/{order.order_id}/refunds", body, as_=finance).status == 201
    till.world.travel.shift(timedelta(days=7, minutes=1))
    till.world.fire(Timer(room="settlement", kind="release_income", subject=order.order_id, due_at=clock.now()))
    return order


@pytest.mark.feature("F25")
class TestFile:
    @pytest.mark.parametrize("format", ["csv", "xlsx"])
    def test_opening_and_movements_are_the_closing(self, till: Till, moved: Order, format: str) -> None:
        for period, (opening, events, closing) in PERIODS.items():
            header, first, *movements, last = statement(till, moved, period, format)
            assert header == list(HEADER)
            assert (first[1], last[1]) == ("期初余额", "期末余额")
            assert (fen(first[-4:]), fen(last[-4:])) == (opening, closing), period
            assert [row[1] for row in movements] == events
            columns = zip(fen(first[-4:]), *(fen(row[-4:]) for row in movements), strict=True)
            assert [sum(column) for column in columns] == closing

    def test_its_closing_is_what_the_ledger_says_now(self, till: Till, moved: Order) -> None:
        last = statement(till, moved, "2026-03", "csv")[-1]
        earnings = till.world.get("/earnings", as_=companion(till, moved)).body
        names = ("pending_fen", "available_fen", "withdrawing_fen", "debt_fen")
        assert fen(last[-4:]) == [earnings[name] for name in names]

    def test_an_income_is_explained(self, till: Till, moved: Order) -> None:
        row = statement(till, moved, "2026-W10", "csv")[2]
        assert row[:3] == ["2026-03-02 09:00", "服务完成入账", moved.order_id]
        assert fen(row[3:9]) == [TOTAL_FEN, 0, 0, SPLIT.premium_fen, SPLIT.commission_fen, SPLIT.share_fen]

    def test_the_link_names_the_file_and_ends(self, till: Till, moved: Order) -> None:
        made = make(till, moved, "2026-W10", "xlsx").body
        assert (made["period"], made["format"]) == ("2026-W10", "xlsx")
        assert made["expires_at"] == clock.china(clock.now() + files.LINK_TTL).isoformat()
        assert "X-Amz-Signature" in made["url"]
        assert "2026-W10.xlsx" in made["url"]

    def test_only_the_companions_own_money_is_in_it(self, till: Till, moved: Order) -> None:
        stranger = till.order()
        _, first, last = statement(till, stranger, "2026-03", "csv")
        assert fen(first[-4:]) == fen(last[-4:]) == [0, 0, 0, 0]

    def test_bad_input_is_refused(self, till: Till, order: Order) -> None:
        bodies: list[dict[str, Any]] = [
            {},
            {"period": "2026-03", "format": "pdf"},
            {"period": "2026-03", "companion_id": "acc_1"},
            *({"period": period} for period in ("", "2026-W54", "2026-13", "2026-W00", "2026-3", "2026-03-02", 7)),
            *({"period": period} for period in ("2026-04", "2026-W11", "9999-12", "0000-01", "0001-01", "0001-W01")),
        ]
        for body in bodies:
            refused = till.world.post("/earnings/statements", body, as_=companion(till, order))
            assert refused.status == 400, body
        body = {"period": "2026-03"}
        assert till.world.post("/earnings/statements", body, as_=companion(till, order), key="").status == 400
        assert till.world.post("/earnings/statements", body, as_=till.world.person("finance")).status == 403


class TestFormulas:
    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
    def test_text_never_begins_a_formula(self, text: str) -> None:
        period = parse_period("2026-03")
        row = Row(clock.now(), text, text, (-100, 0, 0, 0), None)
        made = Statement(period, (100, 0, 0, 0), (row,), (0, 0, 0, 0))
        assert harmless(text) == f"'{text}"
        line = rows_of_csv(as_csv(made))[2]
        assert (line[1], line[2], line[-4]) == (f"'{text}", f"'{text}", "-1.00")
        assert rows_of_xlsx(as_xlsx(made))[2][1].endswith(text.strip())

    @pytest.mark.parametrize("text", ["", "服务完成", "ord_1", "1-1"])
    def test_other_text_is_left_alone(self, text: str) -> None:
        assert harmless(text) == text


@pytest.mark.feature("F32")
class TestAccountStatement:
    def read(self, till: Till, account: str, query: str = "") -> Reply:
        reader = till.world.person("finance_reader", subject="stf_reader")
        return till.world.get(f"/ledger/accounts/{account}/statement?{query}", as_=reader)

    def test_every_line_has_the_balance_behind_it(self, till: Till, moved: Order) -> None:
        body = self.read(till, f"companion_pending:{moved.companion_id}").body
        assert (body["title"], body["opening_fen"], body["closing_fen"]) == ("陪诊师待结算收入", 0, 0)
        assert [(line["amount_fen"], line["balance_fen"]) for line in body["items"]] == [
            (-SPLIT.share_fen, SPLIT.share_fen),
            (CLAWED_FEN, LEFT_FEN),
            (LEFT_FEN, 0),
        ]

    def test_pages_carry_the_balance_on(self, till: Till, moved: Order) -> None:
        account = f"companion_pending:{moved.companion_id}"
        whole = self.read(till, account).body["items"]
        items, cursor, balance = list[dict[str, Any]](), "", 0
        while True:
            page = self.read(till, account, f"limit=1&cursor={cursor}").body
            assert page["opening_fen"] == balance
            items += page["items"]
            balance, cursor = page["closing_fen"], page["next_cursor"]
            if cursor is None:
                break
        assert items == whole

    def test_days_begin_where_the_days_before_ended(self, till: Till, moved: Order) -> None:
        for account in (f"companion_pending:{moved.companion_id}", "provider_clearing"):
            before = self.read(till, account, "to=2026-03-08").body
            after = self.read(till, account, "from=2026-03-09&to=2026-03-31").body
            assert before["closing_fen"] == after["opening_fen"] > 0
            assert len(before["items"]) + len(after["items"]) == len(self.read(till, account).body["items"])
            assert self.read(till, account, "from=2026-03-09&to=2026-03-02").body["items"] == []

    def test_reading_a_companions_account_is_remembered(self, till: Till, moved: Order) -> None:
        self.read(till, f"companion_available:{moved.companion_id}")
        entries, _ = audit.entries_of("settlement", moved.companion_id)
        assert [(entry.act, entry.actor) for entry in entries] == [("statement.read", "stf_reader")]
        self.read(till, "commission")
        assert audit.entries_of("settlement", "") == ([], None)

    def test_an_account_that_cannot_be_is_404(self, till: Till) -> None:
        for account in ("cash", "companion_pending", "commission:acc_1", "companion_debt:a%20b"):
            assert self.read(till, account).status == 404, account

    def test_a_query_that_is_wrong_is_refused(self, till: Till) -> None:
        days = ("from=x", "to=2026-02-30", "from=0001-01-01", "from=0001-01-02", "to=9999-12-31", "to=1999-12-31")
        for query in (*days, "limit=0", "limit=51", "cursor=%21", "cursor=YWJj", "day=1"):
            assert self.read(till, "commission", query).status == 400, query
        for query in ("from=2000-01-01", "to=2099-12-31", "from=2099-12-31"):
            assert self.read(till, "commission", query).status == 200, query
