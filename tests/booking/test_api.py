"""Booking over HTTP: what people see at each step."""

from datetime import timedelta

import pytest

from functions.companions.events import Serves
from tests.booking.makers import (
    DEEP_FEN,
    HOSPITAL,
    MEDICINE_FEN,
    PREMIUM_FEN,
    STARTS_AT,
    Town,
    activated,
    add_patient,
    put_policy,
)
from tests.harness.world import Person


class TestCatalogue:
    @pytest.mark.feature("F3")
    def test_prices_are_open_to_everybody_by_the_city_of_the_hospital(self, town: Town) -> None:
        reply = town.world.get(f"/packages?hospital_id={HOSPITAL}")
        assert [(each["package_id"], each["price_fen"]) for each in reply.body["items"]] == [
            ("basic", 22_000),
            ("deep", 32_000),
        ]
        assert town.world.get("/packages?hospital_id=hos_none").status == 404
        assert town.world.get("/packages").status == 400

    @pytest.mark.feature("F4")
    def test_special_requests_name_their_price(self, town: Town) -> None:
        items = town.world.get("/special-requests").body["items"]
        prices = {each["special_request_id"]: each["price_fen"] for each in items}
        assert prices == {"wheelchair": 0, "remote_family_sync": 1_000, "medicine_pickup": 2_000}

    @pytest.mark.feature("F36")
    def test_insurance_is_an_option(self, town: Town) -> None:
        (option,) = town.world.get("/insurance-options").body["items"]
        assert (option["product_id"], option["premium_fen"]) == ("anxin_visit", PREMIUM_FEN)


class TestQuotes:
    @pytest.mark.feature("F4")
    def test_a_quote_is_itemised_and_says_how_long_it_holds(self, town: Town) -> None:
        quote = town.quote(special_requests=["wheelchair", "medicine_pickup", "remote_family_sync"], insurance=True)
        assert [(item["code"], item["amount_fen"]) for item in quote["items"]] == [
            ("deep", DEEP_FEN),
            ("wheelchair", 0),
            ("medicine_pickup", MEDICINE_FEN),
            ("remote_family_sync", 0),
            ("anxin_visit", PREMIUM_FEN),
        ]
        assert quote["total_fen"] == DEEP_FEN + MEDICINE_FEN + PREMIUM_FEN
        assert quote["expires_at"] == "2026-03-02T09:30:00+08:00"
        assert (quote["starts_at"], quote["ends_at"]) == ("2026-03-04T09:00:00+08:00", "2026-03-04T13:00:00+08:00")
        assert town.world.get(f"/quotes/{quote['quote_id']}", as_=town.client).body == quote

    @pytest.mark.feature("F4")
    def test_a_quote_is_honoured_exactly_until_it_expires(self, town: Town) -> None:
        one, other = town.companion(), town.companion()
        kept, late = town.quote(insurance=True), town.quote()
        put_policy(share_bp={"junior": 0, "intermediate": 0, "senior": 0}, quote_ttl_s=1)
        town.world.advance(minutes=14)
        order = town.order(one, quote_id=kept["quote_id"])
        assert order["price"]["total_fen"] == kept["total_fen"]
        assert order["price"]["items"] == kept["items"]
        town.world.advance(minutes=16)
        town.client = town.world.renewed(town.client, "client")
        assert town.try_order(other, quote_id=late["quote_id"]).code == "quote_expired"

    def test_somebody_elses_patient_is_not_found(self, town: Town) -> None:
        stranger = town.world.person("client")
        theirs = add_patient(town.world, stranger)
        reply = town.world.post("/quotes", town.quote_body(patient_id=theirs), as_=town.client)
        assert reply.status == 404

    def test_somebody_elses_quote_is_not_found(self, town: Town) -> None:
        quote_id, stranger = town.quote()["quote_id"], town.world.person("client")
        assert town.world.get(f"/quotes/{quote_id}", as_=stranger).status == 404
        assert town.world.get(f"/quotes/{quote_id}/companions", as_=stranger).status == 404
        body = {"quote_id": quote_id, "companion_id": town.companion().subject}
        assert town.world.post("/orders", body, as_=stranger).status == 404


class TestMatching:
    @pytest.mark.feature("F1")
    def test_companions_are_ranked_with_reasons(self, town: Town) -> None:
        good = town.companion()
        fair = town.companion(rating_hundredths=450, cases_by_department={}, tier="junior")
        page = town.matches(town.quote()["quote_id"]).body
        assert [item["companion_id"] for item in page["items"]] == [good.subject, fair.subject]
        assert page["items"][0]["reasons"] == ["评分 4.90", "陪过本科室 200 次", "当天没有其他安排", "高级陪诊师"]
        assert page["emptied_by"] is page["next_cursor"] is None

    @pytest.mark.feature("F1")
    def test_who_is_taken_at_that_time_is_not_listed(self, town: Town) -> None:
        busy, free = town.companion(), town.companion()
        town.order(busy)
        (only,) = town.matches(town.quote()["quote_id"]).body["items"]
        assert only["companion_id"] == free.subject

    @pytest.mark.feature("F2")
    @pytest.mark.parametrize(
        ("query", "emptied_by"),
        [
            ("?gender=male", "gender"),
            ("?language=cantonese", "language"),
            ("?language=mandarin&first_aid=true", "first_aid"),
        ],
    )
    def test_an_empty_list_says_which_filter_emptied_it(self, town: Town, query: str, emptied_by: str) -> None:
        town.companion(first_aid_certified=False)
        page = town.matches(town.quote()["quote_id"], query).body
        assert page["items"] == [] and page["emptied_by"] == emptied_by and page["message"]

    @pytest.mark.feature("F2")
    def test_an_empty_list_without_filters_says_whether_anybody_serves_at_all(self, town: Town) -> None:
        quote_id = town.quote()["quote_id"]
        assert town.matches(quote_id).body["emptied_by"] == "department"
        town.order(town.companion())
        assert town.matches(quote_id).body["emptied_by"] == "calendar"

    @pytest.mark.feature("F1")
    def test_pages_follow_each_other_without_gap_or_repetition(self, town: Town) -> None:
        everybody = {town.companion(rating_hundredths=400 + n).subject for n in range(5)}
        quote_id, seen, cursor = town.quote()["quote_id"], [], ""
        while True:
            page = town.matches(quote_id, f"?limit=2&cursor={cursor}").body
            seen += [item["companion_id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert len(seen) == 5 and set(seen) == everybody

    @pytest.mark.parametrize("query", ["?gender=x", "?limit=0", "?limit=51", "?cursor=!!", "?cursor=YWJj", "?age=3"])
    def test_a_query_that_makes_no_sense_is_refused(self, town: Town, query: str) -> None:
        assert town.matches(town.quote()["quote_id"], query).status == 400


class TestOrders:
    @pytest.mark.feature("F3")
    def test_an_order_freezes_the_price_and_holds_the_slot(self, town: Town) -> None:
        companion = town.companion()
        order = town.order(companion)
        assert (order["state"], order["companion_confirmed"]) == ("awaiting_payment", False)
        assert order["hold_expires_at"] == "2026-03-02T09:05:00+08:00"
        assert order["price"]["total_fen"] == DEEP_FEN + MEDICINE_FEN
        assert town.bookings(companion) == [order["order_id"]]
        (event,) = town.world.events("order.placed")
        assert event["order_id"] == order["order_id"] and event["companion_id"] == companion.subject

    @pytest.mark.feature("B1")
    def test_the_same_slot_is_refused_to_the_next(self, town: Town) -> None:
        companion = town.companion()
        town.order(companion)
        reply = town.try_order(companion)
        assert (reply.status, reply.code) == (409, "slot_taken")
        assert reply.body["title"] == "该时段刚被预订，请换一个时间或陪诊师"

    @pytest.mark.feature("F4")
    def test_a_quote_makes_one_order(self, town: Town) -> None:
        one, other, quote_id = town.companion(), town.companion(), town.quote()["quote_id"]
        order = town.order(one, quote_id=quote_id)
        assert town.try_order(other, quote_id=quote_id).code == "quote_used"
        assert town.world.get(f"/quotes/{quote_id}", as_=town.client).body["order_id"] == order["order_id"]

    def test_a_companion_of_another_department_is_refused(self, town: Town) -> None:
        elsewhere = town.companion(serves=(Serves(hospital_id=HOSPITAL, department_ids=("dermatology",)),))
        assert town.try_order(elsewhere).code == "companion_unavailable"
        assert town.try_order(town.world.person("companion")).status == 404

    def test_lists_show_each_side_its_own(self, town: Town) -> None:
        one, other = town.companion(), town.companion()
        taken, waiting = town.assigned_order(one), town.paid_order(other)
        mine = town.world.get("/orders", as_=town.client).body["items"]
        assert {order["order_id"] for order in mine} == {taken["order_id"], waiting["order_id"]}
        for companion, expected in ((one, [taken["order_id"]]), (other, [])):
            items = town.world.get("/orders", as_=companion).body["items"]
            assert [order["order_id"] for order in items] == expected
        assert town.world.get("/orders?side=client", as_=one).status == 403

    def test_a_list_is_paged_by_the_latest_order(self, town: Town) -> None:
        placed = []
        for day in range(3):
            starts_at = (STARTS_AT + timedelta(days=day)).isoformat()
            quote_id = town.quote(starts_at=starts_at)["quote_id"]
            placed.append(town.order(town.companion(), quote_id=quote_id)["order_id"])
            town.world.advance(seconds=1)
        first = town.world.get("/orders?limit=2", as_=town.client).body
        rest = town.world.get(f"/orders?limit=2&cursor={first['next_cursor']}", as_=town.client).body
        shown = [order["order_id"] for order in first["items"] + rest["items"]]
        assert shown == placed[::-1] and rest["next_cursor"] is None
        stranger = town.world.person("client")
        elsewhere = town.world.get(f"/orders?cursor={first['next_cursor']}", as_=stranger)
        assert elsewhere.status == 200 and elsewhere.body["items"] == []
        assert town.world.get("/orders?cursor=b3JkZXI", as_=town.client).status == 400

    def test_somebody_elses_order_is_not_found(self, town: Town) -> None:
        order_id = town.assigned_order(town.companion())["order_id"]
        for person in (town.world.person("client"), town.world.person("companion")):
            for path in ("", "/checklist", "/itinerary"):
                assert town.world.get(f"/orders/{order_id}{path}", as_=person).status == 404
        assert town.world.get(f"/orders/{order_id}", as_=town.world.person("agent")).status == 200
        assert town.world.get(f"/orders/{order_id}", as_=town.world.person("insurer")).status == 403


class TestPreparation:
    @pytest.mark.feature("F7")
    def test_the_checklist_comes_with_the_payment(self, town: Town) -> None:
        order = town.order(town.companion())
        path = f"/orders/{order['order_id']}/checklist"
        before = town.world.get(path, as_=town.client)
        assert (before.status, before.code) == (404, "not_ready")
        town.pay(order)
        assert town.world.get(path, as_=town.client).body == {
            "order_id": order["order_id"],
            "name": "oncology 清单",
            "items": [{"code": "id_card", "title": "身份证", "note": "原件", "ready_at": None}],
            "ready_count": 0,
            "version": 1,
        }

    @pytest.mark.feature("F21")
    def test_the_itinerary_comes_with_the_companion(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        path = f"/orders/{order['order_id']}/itinerary"
        assert town.world.get(path, as_=town.client).code == "not_ready"
        town.accept(companion)
        for person in (town.client, companion):
            body = town.world.get(path, as_=person).body
            assert body["service_date"] == "2026-03-04"
            assert [(entry["code"], entry["starts_at"]) for entry in body["entries"]] == [
                ("departed", "2026-03-04T08:00:00+08:00"),
                ("arrived", "2026-03-04T08:45:00+08:00"),
                ("registering", "2026-03-04T09:00:00+08:00"),
                ("ended", "2026-03-04T13:00:00+08:00"),
            ]


class TestOffers:
    @pytest.mark.feature("F19")
    def test_a_companion_sees_the_visit_and_the_income_but_not_the_patient(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        (offer,) = town.offers(companion)
        assert offer["hospital_name"] == "第一医院" and offer["department_name"] == "肿瘤内科"
        assert offer["package_name"] == "深度陪诊" and offer["special_requests"] == ["轮椅协助", "代取药"]
        assert offer["share_fen"] == (DEEP_FEN + MEDICINE_FEN) * 92 // 100
        assert offer["expires_at"] == "2026-03-02T09:15:00+08:00"
        assert town.patient_id not in str(offer) and offer["order_id"] == order["order_id"]

    @pytest.mark.feature("F19")
    def test_accepting_assigns_the_order(self, town: Town) -> None:
        companion = town.companion()
        order = town.paid_order(companion)
        reply = town.accept(companion)
        assert (reply.status, reply.body["state"]) == (200, "accepted")
        state = town.state(order)
        assert (state["state"], state["companion_confirmed"]) == ("assigned", True)

    @pytest.mark.feature("F19")
    def test_an_offer_is_answered_once_and_in_time(self, town: Town) -> None:
        companion = town.companion()
        town.paid_order(companion)
        offer_id = town.open_offer(companion)
        town.accept(companion)
        for path, body in (("accept", None), ("decline", {"reason": "not_well"})):
            reply = town.world.post(f"/offers/{offer_id}/{path}", body, as_=companion)
            assert (reply.status, reply.code) == (409, "offer_closed")

    @pytest.mark.feature("F19")
    def test_an_offer_past_its_time_cannot_be_accepted_even_before_its_timer(self, town: Town) -> None:
        companion = town.companion()
        town.paid_order(companion)
        offer_id = town.open_offer(companion)
        town.world.travel.shift(timedelta(minutes=15))
        as_ = town.world.renewed(companion, "companion")
        assert town.world.post(f"/offers/{offer_id}/accept", as_=as_).code == "offer_closed"

    @pytest.mark.feature("F19")
    @pytest.mark.feature("B5")
    def test_declining_asks_the_next_best_free_companion(self, town: Town) -> None:
        first = town.companion()
        best = town.companion(rating_hundredths=480)
        last = town.companion(rating_hundredths=410, tier="junior")
        order = town.paid_order(first)
        assert town.decline(first).body["decline_note"] == "当天有事"
        assert town.bookings(first) == [] and town.bookings(best) == [order["order_id"]]
        assert town.offers(last) == [] and len(town.offers(best)) == 1
        town.decline(best)
        assert town.accept(last).status == 200
        assert town.state(order)["companion_id"] == last.subject

    @pytest.mark.feature("F2")
    @pytest.mark.feature("F19")
    def test_the_clients_conditions_hold_for_whoever_is_asked_next(self, town: Town) -> None:
        first, woman = town.companion(), town.companion(rating_hundredths=410)
        man = town.companion(gender="male")
        town.paid_order(first, wanted={"gender": "female"})
        town.decline(first)
        assert town.offers(man) == [] and len(town.offers(woman)) == 1

    @pytest.mark.feature("B5")
    def test_when_nobody_is_left_the_order_ends_to_be_refunded(self, town: Town) -> None:
        only = town.companion()
        order = town.paid_order(only)
        town.decline(only)
        state = town.state(order)
        assert (state["state"], state["closed_reason"]) == ("no_companion", "no_companion")
        (closed,) = town.world.events("order.closed")
        assert (closed["reason"], closed["paid"]) == ("no_companion", True)
        assert town.bookings(only) == []

    def test_somebody_elses_offer_is_not_found(self, town: Town) -> None:
        companion, other = town.companion(), town.companion()
        town.paid_order(companion)
        offer_id = town.open_offer(companion)
        for path, body in (("accept", None), ("decline", {"reason": "not_well"})):
            assert town.world.post(f"/offers/{offer_id}/{path}", body, as_=other).status == 404
        for id_ in ("off_x-1", "x", "off_" + "0" * 26 + "-1", offer_id + "9" * 900):
            assert town.world.post(f"/offers/{id_}/accept", as_=companion).status == 404

    def test_offers_are_paged(self, town: Town) -> None:
        companion = town.companion()
        made = []
        for day in range(3):
            starts_at = (STARTS_AT + timedelta(days=day)).isoformat()
            order = town.paid_order(companion, quote_id=town.quote(starts_at=starts_at)["quote_id"])
            made.append(order["order_id"])
            town.world.advance(seconds=1)
        first = town.world.get("/offers?limit=2", as_=companion).body
        rest = town.world.get(f"/offers?limit=2&cursor={first['next_cursor']}", as_=companion).body
        assert [offer["order_id"] for offer in first["items"] + rest["items"]] == made[::-1]
        assert town.world.get("/offers?cursor=b3JkZXI", as_=companion).status == 400


@pytest.mark.feature("F1")
def test_a_profile_that_changed_changes_the_list(town: Town) -> None:
    companion: Person = town.companion(languages=("mandarin",))
    quote_id = town.quote()["quote_id"]
    assert town.matches(quote_id, "?language=english").body["items"] == []
    town.world.publish(activated(companion.subject, languages=("mandarin", "english")))
    assert len(town.matches(quote_id, "?language=english").body["items"]) == 1
