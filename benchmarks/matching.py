"""Matching among 1,000, 10,000 and 100,000 companions of one city, and its kernel against a scan of all of them.

The store is the one of the other benchmarks, in process; the page is asked for over HTTP and metered. Everybody serves
the same department, the worst that a city can do: its partition of the index holds all of them. The entries are what
the product writes, put there in batches; one in five has a visit on the day that is asked for.

Calls and units are exact. Time is our own processor time, without the store's: the store here looks through the whole
table for every query, while a partition that is read from its beginning costs DynamoDB the same at any length. So what
grows with the number of companions would show in units or in our time.
"""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from unittest.mock import patch

from benchmarks.limits import Verdict
from benchmarks.report import table as text_table

SIZES = (1_000, 10_000, 100_000)
PAGES = 3
"""Measured at each size, after one that fills what a process keeps."""
KERNEL_ROUNDS = 5
PAGE = 20
READS, UNITS = 3, 60
OF_SMALLEST = 1.5
KERNEL_TIMES = 150
_KEPT_FOREVER_S = 1e9
"""Loading takes minutes; on a busy platform a warm process has read its configuration within the minute."""


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Calls, units and our time for a page of 20 by number of companions; how much faster the kernel is than a scan.

    `quick`: up to 10,000 companions in the store; the kernel always has all of them.
    """
    from benchmarks.meter import Meter
    from functions.shared import table
    from tests.booking.makers import town_of
    from tests.harness.world import open_world

    sizes = SIZES[:-1] if quick else SIZES
    people = list(_people(max(SIZES)))
    found: dict[str, Any] = {"page": PAGE, "sizes": {}}
    kept = patch.object(table, "_KEEP_S", _KEPT_FOREVER_S)
    with kept, open_world() as world, Meter().running() as meter:
        town = town_of(world)
        quote_id = town.quote(condition_type="oncology_recovery")["quote_id"]
        path, loaded = f"/quotes/{quote_id}/companions?limit={PAGE}", 0
        for size in sizes:
            begun = time.perf_counter()
            _load(people[loaded:size])
            loaded, load_s = size, time.perf_counter() - begun
            acts = []
            for _ in range(PAGES + 1):
                with meter.act("page", kind="request", room="booking") as act:
                    items = world.get(path, as_=town.client).body["items"]
                assert len(items) == PAGE, f"{len(items)} companions on the page"
                acts.append(act)
            timed = acts[1:]
            found["sizes"][str(size)] = {
                "reads": max(act.reads for act in timed),
                "read_units": max(act.units.read for act in timed),
                "own_ms": round(median(act.own_ms for act in timed), 2),
                "load_s": round(load_s, 1),
            }
    smallest, largest = (found["sizes"][str(each(sizes))]["own_ms"] for each in (min, max))
    return found | {"own_time_of_smallest": round(largest / smallest, 2)} | _kernel([each.candidate for each in people])


def verdicts(found: dict[str, Any]) -> list[Verdict]:
    """Calls and units exactly; the kernel is more than twice as fast as it has to be, so it is held too."""
    sizes = found["sizes"].values()
    return [
        Verdict("matching, page of 20: reads", READS, max(each["reads"] for each in sizes), is_exact=True),
        Verdict("matching, page of 20: read units", UNITS, max(each["read_units"] for each in sizes), is_exact=True),
        Verdict(
            "matching: own time, most companions of 1,000", OF_SMALLEST, found["own_time_of_smallest"], is_exact=False
        ),
        Verdict("matching kernel: share of a scan", 1 / KERNEL_TIMES, 1 / found["kernel_times_faster"], is_exact=True),
    ]


def text(found: dict[str, Any]) -> str:
    rows = [
        (f"{int(size):,}", each["reads"], f"{each['read_units']:g}", each["own_ms"], each["load_s"])
        for size, each in found["sizes"].items()
    ]
    title = f"Matching: a page of {found['page']}; kernel {found['kernel_times_faster']:,.0f} x faster than a scan"
    return text_table(title, ("companions in the department", "reads", "rru", "own ms", "loaded in s"), rows)


@dataclass(frozen=True)
class _Person:
    """An entry of the index, and whether there is a visit on the day."""

    candidate: Any
    is_booked: bool


def _people(count: int) -> Iterator[_Person]:
    from functions.booking.rules.conditions import ConditionType
    from functions.booking.rules.matching import Candidate, Gender
    from functions.booking.rules.policy import Tier

    draw = random.Random(1)
    tiers, conditions, week = tuple(Tier), tuple(ConditionType), f"{'f' * 60:0>84}"
    for number in range(count):
        visits = draw.choice((0, 5, 60, 400, 1_500))
        candidate = Candidate(
            companion_id=f"acc_{number:026d}",
            display_name="欧阳玉兰",
            city="110000",
            tier=draw.choice(tiers),
            gender=Gender.FEMALE if draw.random() < 0.8 else Gender.MALE,
            languages=frozenset(draw.sample(("mandarin", "cantonese", "english", "sichuanese"), draw.randint(1, 3))),
            first_aid_certified=draw.random() < 0.6,
            rating_hundredths=draw.randint(400, 500) if visits else None,
            completed_visits=visits,
            cases=draw.randint(0, visits),
            hours=week if draw.random() < 0.5 else "",
            specialties=frozenset(draw.sample(conditions, draw.randint(0, 5))),
        )
        yield _Person(candidate, draw.random() < 0.2)


def _load(people: Sequence[_Person]) -> None:
    """Into the store in batches, as the product's rows."""
    from benchmarks.loading import put_rows
    from functions.booking import table
    from functions.booking.rules import matching
    from functions.booking.rules.calendar import Booking
    from functions.booking.table import CandidateRow, DayRow
    from functions.shared import clock
    from tests.booking.makers import HOSPITAL, STARTS_AT

    weights, pk = table.weights(), table.candidate_pk(HOSPITAL, "oncology")
    visit = Booking("ord_" + "0" * 26, STARTS_AT + timedelta(hours=6), STARTS_AT + timedelta(hours=8), "east")
    rows: list[Any] = []
    for each in people:
        standing = matching.index_standing(each.candidate, weights, place=pk, turn=0)
        sk = table.candidate_sk(standing, each.candidate.companion_id)
        rows.append(CandidateRow(pk, sk, candidate=each.candidate, version=1))
        if each.is_booked:
            key = table.day_key(each.candidate.companion_id, clock.service_date(STARTS_AT))
            rows.append(DayRow(*key, bookings=(visit,), version=1))
    put_rows("booking", rows)


def _kernel(everybody: Sequence[Any]) -> dict[str, float]:
    """Narrow and rank what one read of the index brings, in turn with narrowing and ranking everybody."""
    from functions.booking.rules import calendar, matching
    from functions.booking.rules.availability import Hours
    from functions.booking.rules.calendar import Booking
    from functions.booking.rules.conditions import ConditionType
    from functions.booking.rules.matching import Gender, Wanted, Weights
    from functions.booking.rules.policy import Policy
    from tests.booking.makers import STARTS_AT

    policy, weights = Policy(), Weights()
    booking = Booking("quo_1", STARTS_AT, STARTS_AT + timedelta(hours=4), "east")
    hours, dates = Hours(booking, policy), calendar.days_held(booking.starts_at, booking.ends_at, policy)
    wanted = Wanted(gender=Gender.FEMALE, language="mandarin")
    best = sorted(everybody, key=lambda each: -matching.index_standing(each, weights, place="p", turn=0))
    pool = best[: policy.candidate_pool]

    def match(candidates: Sequence[Any]) -> float:
        begun = time.process_time()
        fitting, _ = matching.narrow(candidates, wanted, hours=hours, dates=dates)
        matching.rank(fitting, loads={}, weights=weights, seed="quo_1", condition_type=ConditionType.ONCOLOGY_RECOVERY)
        return time.process_time() - begun

    scans, pages = [], []
    for _ in range(KERNEL_ROUNDS):
        scans.append(match(everybody))
        pages.append(min(match(pool) for _ in range(KERNEL_ROUNDS)))
    return {
        "kernel_times_faster": round(median(scans) / median(pages), 1),
        "kernel_ms": round(median(pages) * 1_000, 3),
        "scan_ms": round(median(scans) * 1_000, 1),
    }
