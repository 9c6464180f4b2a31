"""The readable half of the output."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.cold import ColdStart
from benchmarks.endpoints import Endpoint
from benchmarks.limits import Verdict

Cells = Sequence[object]


def table(title: str, heads: Cells, rows: Iterable[Cells]) -> str:
    """Columns as wide as their widest cell: the first to the left, numbers to the right."""
    lines = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]

    def shown(line: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join((first, *rest)).rstrip()

    return "\n".join([f"\n{title}", shown(lines[0]), "-" * (sum(widths) + 2 * len(widths) - 2), *map(shown, lines[1:])])


def endpoints_table(endpoints: Mapping[str, Endpoint]) -> str:
    rows = [
        (each.name, each.calls, each.reads, each.writes, f"{each.rru:g}", f"{each.wru:g}")
        for each in endpoints.values()
    ]
    heads = ("one order: request, delivery", "calls", "reads", "writes", "rru", "wru")
    return table("Store round trips and request units (worst of all calls, warm process)", heads, rows)


def cost_table(cost: Mapping[str, Any]) -> str:
    rows = [(name, f"{cost['amounts'][name]:g}", f"{usd:.8f}") for name, usd in cost["usd_by"].items()]
    title = (
        f"Cost of one order: US$ {cost['usd']:.6f} (prices of {cost['prices']['as_of']}, {cost['prices']['region']})"
    )
    return table(title, ("", "amount", "US$"), rows)


def cold_table(starts: Iterable[ColdStart]) -> str:
    rows = []
    for start in starts:
        found = start.as_json()
        by_clock = found["plain_wall"]["value"]
        milliseconds = (found["cpu_ms"], found["import_ms"], found["request_ms"])
        ratios = (start.of_plain, by_clock, start.of_plain_one_room, start.of_bare)
        rows.append((start.capability, *ratios, *milliseconds, found["status"]))
    heads = (
        "first request of",
        "of plain",
        "by clock",
        "of plain, one room",
        "of bare",
        "cpu ms",
        "import",
        "request",
        "status",
    )
    return table("Cold start (ratio of medians, 95 % interval; milliseconds only for orientation)", heads, rows)


def limits_table(verdicts: Iterable[Verdict]) -> str:
    rows = [
        (verdict.name, f"{verdict.limit:g}", f"{verdict.found:.3g}", "ok" if verdict.holds else "MISSED")
        for verdict in verdicts
    ]
    return table("Limits", ("", "at most", "found", ""), rows)
