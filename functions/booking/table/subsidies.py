"""Rows of subsidies: programmes and their budgets, applications and their queue, grants and what was used of them."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import date

from pynamodb.attributes import UnicodeAttribute

from functions.booking.rules.subsidies import ApplicationState, Decision, Evidence, Programme
from functions.booking.table.keys import Key
from functions.booking.table.rows import BookingRow, EnumAttribute
from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, find, find_all, keep, query_page

_PROGRAMMES = "SUBSIDY_PROGRAMMES"
_QUEUE_SHARDS = 8
_MOST_PROGRAMMES = 200


class ProgrammeRow(BookingRow, discriminator="subsidy_programme"):
    programme: JsonAttribute[Programme] = JsonAttribute(Programme)


class BudgetRow(BookingRow, discriminator="subsidy_budget"):
    """One shard of a programme's budget: left + reserved + spent is what it was given."""

    left_fen = FenAttribute()
    reserved_fen = FenAttribute()
    spent_fen = FenAttribute()


class ApplicationRow(BookingRow, discriminator="subsidy_application"):
    client_id = UnicodeAttribute()
    patient_id = UnicodeAttribute()
    programme_id = UnicodeAttribute()
    state: EnumAttribute[ApplicationState] = EnumAttribute(ApplicationState)
    evidence: JsonAttribute[tuple[Evidence, ...]] = JsonAttribute(tuple[Evidence, ...])
    submitted_at = InstantAttribute()
    decisions: JsonAttribute[tuple[Decision, ...]] = JsonAttribute(tuple[Decision, ...])
    appealed_at = InstantAttribute(null=True)
    appeal = UnicodeAttribute(null=True)
    """Why the applicant objects, sealed under the patient's key: it may speak of health."""

    @property
    def application_id(self) -> str:
        return self.pk


class ApplicationRefRow(BookingRow, discriminator="subsidy_application_ref"):
    """That the client has this application."""


class ApplyingRow(BookingRow, discriminator="subsidy_applying"):
    """That an application for this patient and programme waits for its decision; gone with it."""


class QueueRow(BookingRow, discriminator="subsidy_queue"):
    """An application that waits, in one of a few partitions by its id."""

    programme_id = UnicodeAttribute()
    state: EnumAttribute[ApplicationState] = EnumAttribute(ApplicationState)
    submitted_at = InstantAttribute()


class GrantRow(BookingRow, discriminator="subsidy_grant"):
    grant_id = UnicodeAttribute()
    patient_id = UnicodeAttribute()
    programme_id = UnicodeAttribute()
    valid_until: JsonAttribute[date] = JsonAttribute(date)
    application_id = UnicodeAttribute()


class YearRow(BookingRow, discriminator="subsidy_year"):
    """What a patient has used of a programme in one China calendar year."""

    used_fen = FenAttribute()


def programme_key(programme_id: str) -> Key:
    return (_PROGRAMMES, programme_id)


def budget_key(programme_id: str, shard: int) -> Key:
    return (f"SUBSIDY_BUDGET#{programme_id}#{shard}", "budget")


def application_key(application_id: str) -> Key:
    return (application_id, "application")


def application_ref_key(client_id: str, application_id: str) -> Key:
    return (wallet_of(client_id), f"application#{application_id}")


def applying_key(client_id: str, programme_id: str, patient_id: str) -> Key:
    return (wallet_of(client_id), f"applying#{programme_id}#{patient_id}")


def grant_key(client_id: str, programme_id: str, patient_id: str) -> Key:
    return (wallet_of(client_id), f"grant#{programme_id}#{patient_id}")


def queue_key(application_id: str) -> Key:
    shard = zlib.crc32(application_id.encode()) % _QUEUE_SHARDS
    return (f"SUBSIDY_QUEUE#{shard}", application_id)


def year_key(programme_id: str, patient_id: str, year: int) -> Key:
    return (f"SUBSIDY_YEAR#{programme_id}#{patient_id}", str(year))


def wallet_of(client_id: str) -> str:
    """The partition of a client's coupons, grants and applications."""
    return f"WALLET#{client_id}"


def programme(programme_id: str) -> Programme | None:
    """At most a minute old."""
    row = keep(ProgrammeRow, *programme_key(programme_id))
    return row.programme if row else None


def find_programme(programme_id: str) -> ProgrammeRow | None:
    return find(ProgrammeRow, *programme_key(programme_id))


def programmes() -> list[ProgrammeRow]:
    """The whole list, by id (Query)."""
    rows, _ = query_page(ProgrammeRow, _PROGRAMMES, limit=_MOST_PROGRAMMES, consistent=False)
    return list(rows)


def budgets_and_years(
    programmes: Iterable[Programme], patient_id: str, year: int
) -> tuple[dict[str, tuple[BudgetRow, ...]], dict[str, int]]:
    """Budgets by programme, and what the patient used of each in that year: one BatchGet."""
    asked = list(programmes)
    keys = [budget_key(each.id, shard) for each in asked for shard in range(each.shards)]
    rows = find_all(BookingRow, [*keys, *(year_key(each.id, patient_id, year) for each in asked)])
    budgets, used = {}, {}
    for each in asked:
        found = (rows.get(budget_key(each.id, shard)) for shard in range(each.shards))
        budgets[each.id] = tuple(row for row in found if isinstance(row, BudgetRow))
        spent = rows.get(year_key(each.id, patient_id, year))
        used[each.id] = spent.used_fen if isinstance(spent, YearRow) else 0
    return budgets, used


def budget_of(programme: Programme) -> tuple[BudgetRow, ...]:
    """The shards of a programme's budget, in their order: one BatchGet."""
    rows = find_all(BudgetRow, [budget_key(programme.id, shard) for shard in range(programme.shards)])
    return tuple(rows[budget_key(programme.id, shard)] for shard in range(programme.shards))


def find_application(application_id: str) -> ApplicationRow | None:
    return find(ApplicationRow, *application_key(application_id))


def applications_of(client_id: str, *, limit: int, after: str | None) -> tuple[list[ApplicationRow], str | None]:
    """A client's applications, the latest first: a Query and a BatchGet."""
    refs, last = query_page(
        ApplicationRefRow,
        wallet_of(client_id),
        prefix="application#",
        limit=limit,
        after=f"application#{after}" if after else None,
        newest_first=True,
    )
    keys = [application_key(ref.sk.removeprefix("application#")) for ref in refs]
    rows = find_all(ApplicationRow, keys)
    return [rows[key] for key in keys if key in rows], last and last.removeprefix("application#")


def waiting_applications(*, limit: int, after: str | None) -> tuple[list[QueueRow], bool]:
    """Applications that wait, the earliest submitted first, after this id; whether more follow.

    One Query for each partition of the queue: every one may hold the next in line.
    """
    found: list[QueueRow] = []
    for shard in range(_QUEUE_SHARDS):
        rows, _ = query_page(QueueRow, f"SUBSIDY_QUEUE#{shard}", limit=limit + 1, after=after)
        found += rows
    found.sort(key=lambda row: row.sk)
    return found[:limit], len(found) > limit


def find_grants(client_id: str) -> Sequence[GrantRow]:
    """All of a client's grants, by programme (Query)."""
    rows, _ = query_page(GrantRow, wallet_of(client_id), prefix="grant#", limit=_MOST_PROGRAMMES)
    return rows
