"""What the other rooms know of a visit that somebody complains of."""

from functions.shared import ids
from functions.support.rules.complaints import ChatFacts, Facts


def facts_of(order_id: str) -> Facts:
    """The order, the visit, its report and how much was said: five reads. A visit that never was has only a time."""
    from functions.booking import actions as booking
    from functions.care import actions as care
    from functions.tracking import actions as tracking
    from functions.tracking.actions import chat_reading

    order = booking.find_order(order_id)
    visit_id = ids.derived("vis", order_id)
    visit = tracking.find_visit(visit_id)
    report = care.report_times(visit_id, ended_at=visit.ended_at) if visit.ended_at else None
    said = chat_reading.count_messages(visit_id)
    return Facts(
        starts_at=order.starts_at,
        ended_at=visit.ended_at,
        arrived_at=visit.arrived_at,
        report_at=report.submitted_at if report else None,
        report_due_at=report.due_at if report else None,
        total_fen=order.total_fen,
        chat=ChatFacts(
            by_client=said.by_family, by_companion=said.by_companion, companion_last_at=said.companion_last_at
        ),
    )
