"""What a companion is told about a visit before taking it."""

from functions.booking.rules import pricing
from functions.booking.rules.orders import OfferedVisit
from functions.booking.rules.pricing import LineKind
from functions.booking.table import OrderRow


def visit_of(order: OrderRow) -> OfferedVisit:
    """Place, time, extent and the income of the companion in `chosen_id`; nothing of the patient."""
    from functions.hospitals import actions as hospitals

    hospital = hospitals.find_hospital(order.hospital_id)
    price = order.price
    titles = {kind: [item.title for item in price.items if item.kind is kind] for kind in LineKind}
    return OfferedVisit(
        starts_at=order.starts_at,
        ends_at=order.ends_at,
        hospital_id=order.hospital_id,
        hospital_name=hospital.name,
        campus_name=hospital.campus_of(order.department_id).name,
        department_name=hospital.department(order.department_id).name,
        package_name=titles[LineKind.PACKAGE][0],
        special_requests=tuple(titles[LineKind.SPECIAL_REQUEST]),
        share_fen=pricing.split(price, order.share_bp).share_fen,
    )
