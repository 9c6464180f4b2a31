"""What people on duty are told of: what waits too long, and who hears nothing of us."""

import pytest

from functions.accounts import actions
from functions.accounts.rules.policy import Policy
from functions.insurance.events import WebhookEndpointDisabled
from functions.shared import ids
from functions.shared.events import Event
from functions.support.events import ComplaintOverdue, ReInspectionOverdue
from functions.tracking.events import VisitUnfinished
from tests.accounts.makers import add_patient, commit, put_directory, put_order, put_templates
from tests.harness.world import World

ON_DUTY = ("stf_one", "stf_two")


@pytest.fixture
def order_id(world: World) -> str:
    """Of an order, with two people on duty."""
    world.rooms = ("accounts",)
    put_templates()
    put_directory()
    commit("accounts", lambda tx: actions.put_policy(tx, Policy(duty_staff_ids=ON_DUTY)))
    client = world.person("client")
    return put_order(client_id=client.subject, patient_id=add_patient(world, client).body["patient_id"]).order_id


def told(world: World, event: Event) -> list[str]:
    """The codes in both inboxes after the event."""
    world.publish(event)
    codes: list[str] = []
    for staff_id in ON_DUTY:
        items = world.get("/notices", as_=world.person("agent", subject=staff_id)).body["items"]
        assert "{" not in str([each["body"] for each in items])
        codes += [each["code"] for each in items]
    return codes


@pytest.mark.feature("F17")
@pytest.mark.parametrize(("is_stuck", "code"), [(False, "complaint_overdue_staff"), (True, "complaint_stuck_staff")])
def test_a_complaint_that_waits_too_long(world: World, order_id: str, is_stuck: bool, code: str) -> None:
    assert (
        told(world, ComplaintOverdue(complaint_id=ids.new("cpl"), order_id=order_id, is_stuck=is_stuck)) == [code] * 2
    )


@pytest.mark.feature("F10")
def test_a_visit_that_nobody_ends(world: World, order_id: str) -> None:
    unfinished = VisitUnfinished(visit_id=ids.new("vis"), order_id=order_id, companion_id=ids.new("acc"))
    assert told(world, unfinished) == ["visit_unfinished_staff"] * 2


@pytest.mark.feature("F31")
@pytest.mark.usefixtures("order_id")
def test_an_inspection_that_nobody_made(world: World) -> None:
    overdue = ReInspectionOverdue(rectification_id=ids.new("rct"), companion_id=ids.new("acc"))
    assert told(world, overdue) == ["re_inspection_overdue_staff"] * 2


@pytest.mark.feature("B13")
@pytest.mark.usefixtures("order_id")
def test_an_insurer_who_hears_nothing(world: World) -> None:
    disabled = WebhookEndpointDisabled(insurer_id="ins_demo", endpoint_id=ids.new("whe"))
    assert told(world, disabled) == ["webhook_disabled_staff"] * 2
