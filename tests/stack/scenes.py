"""Where several stories on the stack begin."""

from infra.local import demo_order
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage
from infra.local.demo_visit import check_in, record, visit_path


def companion_at_hospital(stage: Stage) -> tuple[Order, Person]:
    """A paid and insured order whose companion has arrived."""
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.pay(stage, order)
    companion = demo_order.accept(stage, order)
    path = visit_path(order)
    stage.wait_for(
        lambda: stage.api.request("GET", path, token=companion.token, quiet=True).status == 200 or None, "no visit"
    )
    campuses = demo_order.browse(stage)["campuses"]
    campus = next(each for each in campuses if each["campus_id"] == order.placed["campus_id"])
    record(stage, order, companion, "departed")
    check_in(stage, order, companion, "arrived", campus)
    record(stage, order, companion, "arrived")
    return order, companion
