"""What `care` tells the other rooms: that a report exists or is missing, never what it says."""

from functions.shared.events import Event


class ReportSubmitted(Event, frozen=True, kw_only=True, tag="report.submitted"):
    """The companion's visit report is in (F14); `late` if it came after the hour that the policy allows."""

    report_id: str
    visit_id: str
    order_id: str
    client_id: str
    companion_id: str
    late: bool


class ReportMissing(Event, frozen=True, kw_only=True, tag="report.missing"):
    """A day after it was due there is no report: the order is completed without it."""

    visit_id: str
    order_id: str
    client_id: str
    companion_id: str


class ReportOverdue(Event, frozen=True, kw_only=True, tag="report.overdue"):
    """The hour after the visit has run out and there is no report."""

    visit_id: str
    order_id: str
    companion_id: str
