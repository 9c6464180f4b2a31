"""Applications, who applies, and the queue of those that wait for staff."""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from functions.companions.rules.applications import ApplicationState, Draft, Missing, PhoneCheck
from functions.companions.table.base import CompanionsRow, EnumAttribute, Key, partition, shard_of
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, find, find_all, query_page

QUEUE_SHARDS = 4


class ApplicantRow(CompanionsRow, discriminator="companion_applicant"):
    """What is remembered of an account over all its applications: its data key, and how the last one stands."""

    wrapped_key = UnicodeAttribute()
    application_id = UnicodeAttribute(null=True)
    state: EnumAttribute[ApplicationState] = EnumAttribute(ApplicationState, null=True)
    rejected_at = InstantAttribute(null=True)


class ApplicationRow(CompanionsRow, discriminator="companion_application"):
    account_id = UnicodeAttribute()
    state: EnumAttribute[ApplicationState] = EnumAttribute(ApplicationState)
    draft: JsonAttribute[Draft] = JsonAttribute(Draft)
    id_number_sealed = UnicodeAttribute()
    id_number_masked = UnicodeAttribute()
    phone_sealed = UnicodeAttribute()
    phone_masked = UnicodeAttribute()
    created_at = InstantAttribute()
    submitted_at = InstantAttribute(null=True)
    decided_at = InstantAttribute(null=True)
    missing: JsonAttribute[tuple[Missing, ...]] = JsonAttribute(tuple[Missing, ...], default=tuple)
    phone_checks: JsonAttribute[tuple[PhoneCheck, ...]] = JsonAttribute(tuple[PhoneCheck, ...], default=tuple)
    refusal = UnicodeAttribute(null=True)
    refusal_note = UnicodeAttribute(null=True)

    @property
    def application_id(self) -> str:
        return self.pk


class QueueRow(CompanionsRow, discriminator="companion_queue"):
    """Something that waits for staff, in one of a few partitions; the sort key is since when, and what."""

    subject = UnicodeAttribute()
    account_id = UnicodeAttribute()
    city = UnicodeAttribute()
    title = UnicodeAttribute()
    waiting_since = InstantAttribute()
    repeated = BooleanAttribute(default=False)


def applicant_key(account_id: str) -> Key:
    return (partition(account_id), "APPLICANT")


def application_key(application_id: str) -> Key:
    return (application_id, "APPLICATION")


def find_applicant(account_id: str) -> ApplicantRow | None:
    return find(ApplicantRow, *applicant_key(account_id))


def find_application(application_id: str) -> ApplicationRow | None:
    return find(ApplicationRow, *application_key(application_id)) if ids.is_id("app", application_id) else None


def load(*keys: Key) -> dict[Key, CompanionsRow]:
    """Rows of any kind, in one BatchGet."""
    return find_all(CompanionsRow, keys)


def queue_row(
    queue: str, *, subject: str, account_id: str, city: str, title: str, since: datetime, repeated: bool
) -> QueueRow:
    """An entry of the queue `applications` or `credentials`; its key follows from `subject` and `since`."""
    return QueueRow(
        f"QUEUE#{queue}#{shard_of(subject, QUEUE_SHARDS)}",
        f"{InstantAttribute().serialize(since)}#{subject}",
        subject=subject,
        account_id=account_id,
        city=city,
        title=title,
        waiting_since=since,
        repeated=repeated,
    )


def queued(queue: str, *, subject: str, since: datetime) -> QueueRow | None:
    """The entry as stored, for who is about to remove it."""
    key = queue_row(queue, subject=subject, account_id="", city="", title="", since=since, repeated=False)
    return find(QueueRow, key.pk, key.sk)


def waiting(queue: str, *, limit: int, after: str | None) -> tuple[list[QueueRow], str | None]:
    """A page of who has waited longest, and where to go on.

    One Query for each partition: every one may hold the next in line.
    """
    found: list[QueueRow] = []
    for shard in range(QUEUE_SHARDS):
        rows, _ = query_page(QueueRow, f"QUEUE#{queue}#{shard}", limit=limit + 1, after=after)
        found += rows
    found.sort(key=lambda row: str(row.sk))
    page = found[:limit]
    return page, page[-1].sk if len(found) > limit else None
