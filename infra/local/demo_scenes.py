"""Where several stories begin: orders that have gone some way already."""

from datetime import datetime, timedelta
from typing import Any

from functions.shared import clock
from infra.local import demo_order, demo_visit
from infra.local.demo_order import Order, Person
from infra.local.demo_stage import Stage
from infra.local.demo_visit import check_in, record, visit_path


def assigned_order(stage: Stage) -> tuple[Order, Person]:
    """Paid, and taken by its companion; the visit is days ahead."""
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.pay(stage, order)
    companion = demo_order.accept(stage, order)
    stage.wait_for(lambda: _is_scheduled(stage, order, companion) or None, "接单后没有生成陪诊")
    return order, companion


def order_with(stage: Stage, companion: Person) -> Order:
    """Paid, and taken by just this companion; the visit is days ahead, and others could come too."""
    client = demo_order.sign_in_client(stage, told=False)
    patient_id = demo_order.add_father(stage, client, told=False)

    def with_both() -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        quote = demo_order.quote_visit(stage, client, patient_id, quiet=True)
        found = demo_order.look_for_companions(stage, client, quote, quiet=True)
        wanted = [each for each in found if each["companion_id"] == companion.account_id]
        others = [each for each in found if each["companion_id"] != companion.account_id]
        is_far = datetime.fromisoformat(quote["starts_at"]) > clock.now() + timedelta(days=3)
        return (quote, wanted + others) if wanted and others and is_far else None

    quote, candidates = stage.wait_for(with_both, "这位陪诊师一直没有空")
    order = demo_order.place(stage, client, patient_id, quote, candidates, quiet=True)
    demo_order.pay(stage, order)
    demo_order.accept(stage, order)
    return order


def completed_order(stage: Stage) -> tuple[Order, Person]:
    """A visit from its order to its report."""
    client = demo_order.sign_in_client(stage, told=False)
    order = demo_order.order_companion(stage, client, demo_order.add_father(stage, client, told=False))
    demo_order.pay(stage, order)
    companion = demo_order.accept(stage, order)
    guest = demo_visit.share(stage, order)
    demo_visit.attend(stage, order, companion, guest, demo_order.browse(stage))
    demo_visit.report(stage, order, companion, guest)
    return order, companion


def companion_at_hospital(stage: Stage) -> tuple[Order, Person]:
    """A paid and insured order whose companion has arrived."""
    order, companion = assigned_order(stage)
    campuses = demo_order.browse(stage)["campuses"]
    campus = next(each for each in campuses if each["campus_id"] == order.placed["campus_id"])
    record(stage, order, companion, "departed")
    check_in(stage, order, companion, "arrived", campus)
    record(stage, order, companion, "arrived")
    return order, companion


def _is_scheduled(stage: Stage, order: Order, companion: Person) -> bool:
    return stage.api.request("GET", visit_path(order), token=companion.token, quiet=True).status == 200
