"""The `care` table.

| pk           | sk            | kind         | what                                           |
|--------------|---------------|--------------|------------------------------------------------|
| `<visit_id>` | `REPORT`      | visit_report | parties, time, wrapped key, sealed content     |
| `<visit_id>` | `READ#<ulid>` | report_read  | a member of staff read the report, and why     |
| `CONFIG`     | `policy`      | care_policy  | thresholds                                     |
"""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from functions.care.rules import Policy
from functions.shared import ids
from functions.shared.table import InstantAttribute, JsonAttribute, Row, find, keep


class CareRow(Row):
    class Meta:
        table_name = "care"


class Report(CareRow, discriminator="visit_report"):
    """One visit report. `wrapped_key` opens `sealed_content` (owner: the patient)."""

    report_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    patient_id = UnicodeAttribute()
    submitted_at = InstantAttribute()
    is_late = BooleanAttribute()
    wrapped_key = UnicodeAttribute()
    sealed_content = UnicodeAttribute()

    @property
    def visit_id(self) -> str:
        return str(self.pk)


class ReportRead(CareRow, discriminator="report_read"):
    """Who of the staff read a report, and why. Never changed, never deleted with the report."""

    staff_id = UnicodeAttribute()
    reason = UnicodeAttribute()
    read_at = InstantAttribute()


class PolicyRow(CareRow, discriminator="care_policy"):
    """The room's thresholds."""

    policy: JsonAttribute[Policy] = JsonAttribute(Policy)


def report_key(visit_id: str) -> tuple[str, str]:
    return visit_id, "REPORT"


def report_read_key(visit_id: str, at: datetime) -> tuple[str, str]:
    return visit_id, ids.new("READ", at).replace("_", "#")


_POLICY_KEY = ("CONFIG", "policy")


def find_report_row(visit_id: str) -> Report | None:
    return find(Report, *report_key(visit_id))


def policy() -> Policy:
    """The thresholds in force, read at most once a minute by each process."""
    row = keep(PolicyRow, *_POLICY_KEY)
    return row.policy if row else Policy()


def find_policy_row() -> PolicyRow:
    """The stored policy row, or a new one."""
    return find(PolicyRow, *_POLICY_KEY) or PolicyRow(*_POLICY_KEY, policy=Policy())
