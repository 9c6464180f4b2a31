"""Products and policies through events and the API (F36)."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from functions.booking.events import OrderAssigned, OrderPaid, OrderRescheduled
from functions.insurance import actions
from functions.insurance.rules.policies import ProductUnknown
from functions.shared import clock, ids
from tests.harness.world import Person
from tests.insurance.makers import PRODUCT, Desk, commit
from tests.tracking.makers import order_assigned, order_closed


class TestProducts:
    @pytest.mark.feature("F36")
    def test_what_is_covered_is_shown_before_ticking(self, desk: Desk) -> None:
        (product,) = desk.world.get("/insurance-products", as_=desk.world.person("client")).body["items"]
        assert (product["product_id"], product["premium_fen"]) == ("anxin_visit", 500)
        assert product["perils"] == [{**each, "deductible_fen": 0, "evidence": []} for each in PRODUCT["perils"]]
        assert product["wording_version"] == "2026.1"

    def test_the_default_is_what_the_thresholds_name(self, desk: Desk) -> None:
        product = actions.find_default_product()
        assert product is not None
        assert product.product_id == "anxin_visit"
        assert actions.find_product("unknown") is None

    def test_putting_it_again_changes_it(self, desk: Desk) -> None:
        commit(partial(actions.put_product, **PRODUCT | {"premium_fen": 600}))
        (product,) = actions.products()
        assert product.premium_fen == 600

    @pytest.mark.parametrize("role", ["guest", "hospital", "insurer"])
    def test_others_are_refused(self, desk: Desk, role: str) -> None:
        assert desk.world.get("/insurance-products", as_=desk.world.person(role)).status == 403
        assert desk.world.get("/insurance-products").status == 401


class TestIssuing:
    @pytest.mark.feature("F36")
    def test_an_insured_order_is_covered_once_it_is_paid(self, desk: Desk) -> None:
        client = desk.world.person("client")
        event = desk.paid_order(client)
        for _ in range(3):
            desk.world.publish(event)
        (issued,) = desk.world.events("policy.issued")
        assert issued["policy_id"] == ids.derived("pol", event.order_id)
        assert (issued["insurer_id"], issued["premium_fen"]) == ("ins_demo", 500)
        policy = desk.world.get(f"/orders/{event.order_id}/policy", as_=client).body
        assert (policy["state"], policy["product_name"], policy["version"]) == ("issued", "诊伴安心险", 1)
        assert policy["starts_at"] == clock.china(event.starts_at).isoformat()

    @pytest.mark.parametrize(
        "changed",
        [{"insurance": False, "insurance_product_id": None, "premium_fen": 0}, {"insurance_product_id": None}],
    )
    def test_an_order_without_insurance_has_no_policy(self, desk: Desk, changed: dict[str, Any]) -> None:
        client = desk.world.person("client")
        event = desk.paid_order(client, **changed)
        desk.world.publish(event)
        assert desk.world.get(f"/orders/{event.order_id}/policy", as_=client).status == 404
        assert desk.world.events("policy.issued") == []

    def test_an_unknown_product_is_tried_again_later(self, desk: Desk) -> None:
        client = desk.world.person("client")
        event = desk.paid_order(client, insurance_product_id="later")
        with pytest.raises(ProductUnknown):
            desk.world.publish(event)
        commit(partial(actions.put_product, **PRODUCT | {"id": "later"}))
        desk.world.publish(event)
        assert desk.world.get(f"/orders/{event.order_id}/policy", as_=client).body["product_id"] == "later"

    def test_a_later_offer_does_not_change_what_was_issued(self, desk: Desk) -> None:
        client = desk.world.person("client")
        event = desk.paid_order(client)
        desk.world.publish(event)
        commit(partial(actions.put_product, **PRODUCT | {"wording_version": "2027.1", "premium_fen": 900}))
        policy = desk.world.get(f"/orders/{event.order_id}/policy", as_=client).body
        assert (policy["wording_version"], policy["premium_fen"]) == ("2026.1", 500)


class TestAccess:
    def test_another_clients_policy_is_404_and_staff_see_it(self, desk: Desk) -> None:
        event = desk.paid_order(desk.world.person("client"))
        desk.world.publish(event)
        path = f"/orders/{event.order_id}/policy"
        assert desk.world.get(path, as_=desk.world.person("client")).status == 404
        assert desk.world.get(path, as_=desk.world.person("agent")).status == 200
        assert desk.world.get(path, as_=desk.world.person("companion")).status == 403
        assert desk.world.get(path).status == 401

    @pytest.mark.parametrize("order_id", ["ord_01JD8Z2M6Q4T7W9Y3B5C7D9F1G", "x"])
    def test_an_unknown_order_is_404(self, desk: Desk, order_id: str) -> None:
        assert desk.world.get(f"/orders/{order_id}/policy", as_=desk.world.person("client")).status == 404


@pytest.mark.feature("B14")
class TestChanges:
    @pytest.fixture
    def client(self, desk: Desk) -> Person:
        return desk.world.person("client")

    @pytest.fixture
    def event(self, desk: Desk, client: Person) -> OrderPaid:
        desk.put_endpoint(event_types=["policy.issued", "policy.endorsed", "policy.surrendered"])
        event = desk.paid_order(client)
        desk.world.publish(event)
        return event

    def policy(self, desk: Desk, client: Person, event: OrderPaid) -> dict[str, Any]:
        body: dict[str, Any] = desk.world.get(f"/orders/{event.order_id}/policy", as_=client).body
        return body

    def assigned(self, event: OrderPaid, companion_id: str, revision: int = 1) -> OrderAssigned:
        return order_assigned(
            order_id=event.order_id,
            client_id=event.client_id,
            companion_id=companion_id,
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            revision=revision,
        )

    def moved(self, event: OrderPaid, revision: int = 2) -> OrderRescheduled:
        return OrderRescheduled(
            order_id=event.order_id,
            client_id=event.client_id,
            companion_id=event.companion_id,
            patient_id=event.patient_id,
            from_starts_at=event.starts_at,
            starts_at=event.starts_at + timedelta(days=1),
            ends_at=event.ends_at + timedelta(days=1),
            assigned=False,
            revision=revision,
        )

    def told(self, desk: Desk) -> list[str]:
        desk.world.deliver()
        return [each["type"] for each in desk.received()][::-1]

    def test_the_companion_whom_the_client_chose_changes_nothing(
        self, desk: Desk, client: Person, event: OrderPaid
    ) -> None:
        desk.world.publish(self.assigned(event, event.companion_id))
        assert self.policy(desk, client, event)["state"] == "issued"
        assert self.told(desk) == ["policy.issued"]

    def test_another_companion_and_another_time_are_endorsed_and_the_insurer_is_told(
        self, desk: Desk, client: Person, event: OrderPaid
    ) -> None:
        for news in (self.assigned(event, "acc_other"), self.moved(event), self.assigned(event, "acc_old", 1)):
            for _ in range(2):
                desk.world.publish(news)
        policy = self.policy(desk, client, event)
        assert policy["state"] == "endorsed"
        assert [each["changes"] for each in policy["endorsements"]] == [["companion"], ["time"]]
        assert policy["starts_at"] == clock.china(event.starts_at + timedelta(days=1)).isoformat()
        assert self.told(desk) == ["policy.issued", "policy.endorsed", "policy.endorsed"]

    def test_an_order_without_a_visit_is_surrendered_with_its_premium(
        self, desk: Desk, client: Person, event: OrderPaid
    ) -> None:
        for _ in range(2):
            desk.world.publish(order_closed(event.order_id))
        policy = self.policy(desk, client, event)
        assert (policy["state"], policy["premium_back_fen"]) == ("surrendered", 500)
        assert self.told(desk) == ["policy.issued", "policy.surrendered"]
        desk.world.publish(self.assigned(event, "acc_late", 9))
        assert self.policy(desk, client, event)["state"] == "surrendered"

    def test_news_that_come_before_the_payment_count(self, desk: Desk, client: Person) -> None:
        event = desk.paid_order(client)
        desk.world.publish(self.assigned(event, "acc_other", 3))
        desk.world.publish(self.moved(event, 2))
        desk.world.publish(event)
        policy = self.policy(desk, client, event)
        assert (policy["state"], policy["starts_at"]) == ("issued", clock.china(event.starts_at).isoformat())
        closed = desk.paid_order(client)
        desk.world.publish(order_closed(closed.order_id))
        desk.world.publish(closed)
        assert self.policy(desk, client, closed)["state"] == "surrendered"

    def test_it_expires_when_nothing_can_be_claimed_any_more(
        self, desk: Desk, client: Person, event: OrderPaid
    ) -> None:
        desk.world.publish(self.moved(event))
        desk.world.deliver()
        desk.world.advance(days=32, minutes=60 * 5)
        client = desk.world.renewed(client, "client")
        assert self.policy(desk, client, event)["state"] == "endorsed"
        desk.world.advance(days=1)
        client = desk.world.renewed(client, "client")
        assert self.policy(desk, client, event)["state"] == "expired"
