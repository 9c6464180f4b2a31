"""The finance report of a day, made of its journal after midnight; nothing in it is counted, everything is summed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import TypeVar

from functions.booking import actions as booking
from functions.hospitals import actions as hospitals
from functions.settlement.rules.ledger import SHARDS, Transaction
from functions.settlement.rules.reports import Dimension, Figures, Place, check_span, figures_of, summed
from functions.settlement.table import SettlementRow, journal_of, load_transactions
from functions.settlement.table import reports as table
from functions.settlement.table.reports import FactsRow, ReportRow
from functions.shared.errors import NotFound
from functions.shared.run import Run
from functions.shared.tx import Tx

T = TypeVar("T")
_PAGE = 40


def make_report(run: Run, day: date) -> None:
    """Make the report of a day that is over, unless it is made. May be cut off anywhere and run again."""
    if table.is_made(day):
        return
    sums: dict[tuple[Dimension, str], Figures] = {}
    for shard in range(SHARDS):
        for number, page in enumerate(_pages(_booked(day, shard), _PAGE)):
            facts = _facts(dict(page))
            rows = [_facts_row(day, *each) for each in facts]
            run.act(f"{day}-facts-{shard}-{number}", partial(_write, rows=rows))
            sums = summed(((place, figures) for _, place, figures in facts), onto=sums)
    total = sums.pop((Dimension.TOTAL, ""), Figures())
    written = [_sum_row(day, dimension, value, sums[dimension, value]) for dimension, value in sorted(sums)]
    for number, part in enumerate(_pages(written, _PAGE)):
        run.act(f"{day}-sums-{number}", partial(_write, rows=part))
    run.act(f"{day}-total", partial(_write, rows=[_sum_row(day, Dimension.TOTAL, "", total)]))


def _pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while page := list(islice(remaining, size)):
        yield page


def _booked(day: date, shard: int) -> list[tuple[str, list[str]]]:
    """Ids of what was booked that day by its subject, in an order that does not change: the day is over."""
    by_subject: dict[str, list[str]] = {}
    for subject, transaction_id in journal_of(day, shard):
        by_subject.setdefault(subject, []).append(transaction_id)
    return sorted(by_subject.items())


def _facts(booked: Mapping[str, Sequence[str]]) -> list[tuple[str, Place, Figures]]:
    places = _places([subject for subject in booked if subject.startswith("ord_")])
    transactions: dict[str, list[Transaction]] = {subject: [] for subject in booked}
    for transaction in load_transactions((subject, id_) for subject, ids in booked.items() for id_ in ids):
        transactions[transaction.subject].append(transaction)
    return [(subject, places.get(subject, Place()), figures_of(transactions[subject])) for subject in booked]


def _places(order_ids: Sequence[str]) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for order_id, (hospital_id, package_id) in booking.where_booked(order_ids).items():
        try:
            city = hospitals.find_hospital(hospital_id).city
        except NotFound:
            city = ""
        places[order_id] = Place(city, package_id, hospital_id)
    return places


def _write(tx: Tx, *, rows: Sequence[SettlementRow]) -> None:
    for row in table.missing(rows):
        tx.insert(row)


def _facts_row(day: date, subject: str, place: Place, figures: Figures) -> FactsRow:
    return FactsRow(*table.facts_key(day, subject), subject=subject, place=place, figures=figures)


def _sum_row(day: date, dimension: Dimension, value: str, figures: Figures) -> ReportRow:
    key = table.report_key(day, dimension, value)
    return ReportRow(*key, day=day.isoformat(), dimension=dimension, value=value, figures=figures)


@dataclass(frozen=True)
class Line:
    """One line of a report: `title` is what people call `value`; `day` is empty where days are summed."""

    day: str
    value: str
    title: str
    figures: Figures


def report(dimension: Dimension, first: date, last: date, *, by_day: bool) -> list[Line]:
    """The figures from `first` to `last` (China days, a quarter at most), by day or summed. Raises Invalid."""
    check_span(first, last)
    rows = [
        row
        for month in sorted({f"{day:%Y-%m}" for day in _days(first, last)})
        for row in table.reports_of(month, dimension)
        if first.isoformat() <= row.day <= last.isoformat()
    ]
    sums: dict[tuple[str, str], Figures] = {}
    for row in rows:
        key = (row.day if by_day else "", row.value)
        sums[key] = sums.get(key, Figures()) + row.figures
    return [Line(day, value, _title(dimension, value), sums[day, value]) for day, value in sorted(sums)]


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _title(dimension: Dimension, value: str) -> str:
    if dimension is Dimension.TOTAL:
        return "合计"
    if not value:
        return "不属于订单"
    try:
        if dimension is Dimension.CITY:
            return hospitals.find_city(value).name
        if dimension is Dimension.HOSPITAL:
            return hospitals.find_hospital(value).name
    except NotFound:
        return value
    return booking.package_name(value)


def facts_of(day: date, *, limit: int, after: str | None) -> tuple[list[FactsRow], str | None]:
    """A page of what makes up a day's report; NotFound if it is not made."""
    if not table.is_made(day):
        raise NotFound()
    return table.facts_of(day, limit=limit, after=after)
