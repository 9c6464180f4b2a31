"""Events become notices, once, and WeChat messages, at most once."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from functions.accounts import actions
from functions.accounts.gateways.wechat import WeChatUnavailable
from functions.accounts.table import identities, notices
from functions.accounts.triggers import bus
from functions.booking.events import (
    ClosedReason,
    ConfirmationAsked,
    CouponGranted,
    OfferMade,
    OrderAssigned,
    OrderClosed,
    OrderCompleted,
    OrderPaid,
    OrderRescheduled,
    OrderUnassigned,
    PaymentDue,
    Split,
    SubsidyDecided,
    UnassignedReason,
    VisitReminder,
)
from functions.care.events import ReportMissing, ReportOverdue, ReportSubmitted
from functions.insurance.events import PolicyIssued
from functions.settlement.events import (
    IncomeReleased,
    InvoiceIssued,
    InvoiceRefused,
    InvoiceReversed,
    RefundSucceeded,
    SupplementOverdue,
    SupplementPaid,
)
from functions.shared import aws, clock
from functions.shared.caller import Role
from functions.shared.config import config
from functions.shared.events import Event
from functions.tracking.events import (
    VisitExpenseApproved,
    VisitExpenseAsked,
    VisitExpenseDeclined,
    VisitNoShowContested,
    VisitNoShowReported,
    VisitOvertimeApproved,
    VisitOvertimeAsked,
    VisitOvertimeDeclined,
    VisitProgressed,
    VisitUnfinished,
)
from tests.accounts.conftest import TEMPLATES, WeChatUser
from tests.accounts.makers import (
    COMPANION,
    STARTS_AT,
    Order,
    add_patient,
    commit,
    put_directory,
    put_order,
    put_templates,
)
from tests.harness.seeds import seeded
from tests.harness.world import Person, World
from tests.standins.servers import Standin

pytest_plugins = ["tests.standins.fixtures"]
ORDER_PAID = TEMPLATES["order_paid"]


@pytest.fixture
def user(world: World, wechat: Standin) -> WeChatUser:
    world.rooms = ("accounts",)
    put_templates()
    put_directory()
    return WeChatUser(wechat, world, "op-daughter-001")


@pytest.fixture
def client(user: WeChatUser) -> Person:
    return user.signed_in()


@pytest.fixture
def order(world: World, client: Person) -> Order:
    return put_order(client_id=client.subject, patient_id=add_patient(world, client).body["patient_id"])


def paid(order: Order) -> OrderPaid:
    return OrderPaid(
        order_id=order.order_id,
        client_id=order.client_id,
        patient_id=order.patient_id,
        companion_id=COMPANION,
        starts_at=STARTS_AT,
        ends_at=STARTS_AT + timedelta(hours=4),
        hospital_id="hos_pumch",
        department_id="oncology",
        insurance=False,
        insurance_product_id=None,
        premium_fen=0,
        total_fen=33_000,
    )


def progressed(order: Order, *, first: bool = False, last: bool = False) -> VisitProgressed:
    return VisitProgressed(
        visit_id="vis_1",
        order_id=order.order_id,
        client_id=order.client_id,
        companion_id=COMPANION,
        code="x",
        title="x",
        sequence=1,
        state="departed" if first else "ended" if last else "arrived",
        first=first,
        last=last,
    )


def closed(order: Order, reason: ClosedReason) -> OrderClosed:
    return OrderClosed(
        order_id=order.order_id,
        client_id=order.client_id,
        companion_id=COMPANION,
        reason=reason,
        paid=False,
        refund_fen=0,
    )


def inbox(world: World, person: Person) -> Any:
    reply = world.get("/notices", as_=person)
    assert reply.status == 200
    return reply.body


class TestCompanions:
    def test_an_activated_companion_gets_the_role_and_the_account(self, user: WeChatUser, world: World) -> None:
        world.deliver()
        account = identities.find_account(COMPANION)
        assert account is not None
        assert account.roles == {Role.COMPANION}

    def test_it_is_added_to_what_the_account_already_is(self, user: WeChatUser, world: World) -> None:
        companion = WeChatUser(user.standin, world, "op-companion-001")
        known = {"account_id": COMPANION, "openid": companion.openid}
        commit("accounts", lambda tx: actions.put_account(tx, roles={Role.CLIENT}, **known))
        world.deliver(times=2)
        assert companion.signed_in("companion").subject == COMPANION
        assert companion.signed_in("client").subject == COMPANION


class TestNotices:
    def cases(self, order: Order) -> list[tuple[Event, str, str]]:
        ids: dict[str, Any] = {"order_id": order.order_id, "client_id": order.client_id}
        assigned = OrderAssigned(
            **ids,
            companion_id=COMPANION,
            patient_id=order.patient_id,
            hospital_id="hos_pumch",
            campus_id="pumch_dongdan",
            department_id="oncology",
            process_template=(),
            starts_at=STARTS_AT,
            ends_at=STARTS_AT,
            lat=39.9,
            lng=116.4,
            geofence_radius_m=300,
        )
        report: dict[str, Any] = {"report_id": "rep_1", "visit_id": "vis_1", "companion_id": COMPANION, "late": False}
        insured: dict[str, Any] = {"policy_id": "pol_1", "product_id": "p", "insurer_id": "i", "premium_fen": 500}
        refund: dict[str, Any] = {"refund_id": "rfd_1", "payment_id": "pay_1", "amount_fen": 33_000}
        return [
            (paid(order), "order_paid", "¥330.00"),
            (assigned, "order_assigned", "林玉兰"),
            (closed(order, ClosedReason.HOLD_EXPIRED), "order_closed_hold_expired", order.order_id[-8:]),
            (closed(order, ClosedReason.NO_COMPANION), "order_closed_no_companion", "3月5日 08:00"),
            (RefundSucceeded(**ids, **refund), "order_refunded", "¥330.00"),
            (VisitReminder(**ids, companion_id=COMPANION, starts_at=STARTS_AT), "visit_reminder_24h", "3月5日 08:00"),
            (progressed(order, first=True), "visit_started", "王*明"),
            (progressed(order, last=True), "visit_ended", "北京协和医院"),
            (ReportSubmitted(**ids, **report), "report_ready", "林玉兰"),
            (ReportMissing(**ids, visit_id="vis_1", companion_id=COMPANION), "report_missing", "申诉"),
            (PolicyIssued(**ids, **insured), "policy_issued", "¥5.00"),
            (InvoiceIssued(**ids, invoice_id="inv_1", amount_fen=32_500), "invoice_issued", "¥325.00"),
            (InvoiceReversed(**ids, invoice_id="inv_1", amount_fen=32_500), "invoice_reversed", "红冲"),
            (InvoiceRefused(**ids, invoice_id="inv_1"), "invoice_refused", "抬头"),
        ]

    def test_each_event_tells_the_client_what_it_means(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        for event, code, told in self.cases(order):
            world.publish(event)
            newest = inbox(world, client)["items"][0]
            assert (newest["code"], newest["order_id"]) == (code, order.order_id)
            assert told in newest["body"]
            world.advance(seconds=1)
        assert inbox(world, client)["unread"] == len(self.cases(order))

    def test_the_companion_is_told_of_offers_and_income_without_the_patients_name(
        self, world: World, user: WeChatUser, order: Order
    ) -> None:
        ids: dict[str, Any] = {"order_id": order.order_id, "companion_id": COMPANION}
        split = Split(share_fen=29_700, commission_fen=3_300, premium_fen=0)
        for event in (
            OfferMade(offer_id="off_1", expires_at=clock.now(), **ids),
            OrderCompleted(client_id=order.client_id, split=split, total_fen=33_000, **ids),
            IncomeReleased(amount_fen=29_700, **ids),
        ):
            world.publish(event)
            world.advance(seconds=1)
        found = inbox(world, world.person("companion", subject=COMPANION))["items"]
        assert [item["code"] for item in found] == ["income_available", "income_pending", "offer_received"]
        assert all("¥297.00" in item["body"] and "王" not in item["body"] for item in found)

    def test_the_companion_is_asked_for_what_was_not_recorded(
        self, world: World, user: WeChatUser, order: Order
    ) -> None:
        world.publish(VisitUnfinished(visit_id="vis_1", order_id=order.order_id, companion_id=COMPANION))
        (asked,) = inbox(world, world.person("companion", subject=COMPANION))["items"]
        assert (asked["code"], "北京协和医院" in asked["body"]) == ("visit_unfinished", True)
        world.publish(ReportOverdue(visit_id="vis_1", order_id=order.order_id, companion_id=COMPANION))
        assert inbox(world, world.person("companion", subject=COMPANION))["items"][0]["code"] == "report_overdue"

    def test_a_cancellation_is_told_by_the_refund(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        world.publish(closed(order, ClosedReason.CANCELLED))
        world.publish(progressed(order))
        assert inbox(world, client)["items"] == []
        assert inbox(world, world.person("companion", subject=COMPANION))["items"] == []

    @pytest.mark.feature("B3")
    @pytest.mark.parametrize(
        ("fee_fen", "code", "told"), [(0, "visit_cancelled", "放开"), (6_800, "visit_cancelled_compensated", "¥68.00")]
    )
    def test_a_companion_hears_that_their_visit_was_cancelled_and_what_they_keep(
        self, world: World, user: WeChatUser, order: Order, fee_fen: int, code: str, told: str
    ) -> None:
        event = closed(order, ClosedReason.CANCELLED)
        world.publish(msgspec.structs.replace(event, paid=True, assigned=True, companion_fee_fen=fee_fen))
        (notice,) = inbox(world, world.person("companion", subject=COMPANION))["items"]
        assert notice["code"] == code and told in notice["body"]

    @pytest.mark.feature("B4")
    @pytest.mark.parametrize("absent", ["client", "companion"])
    def test_who_is_said_to_be_absent_is_asked_and_both_hear_when_people_look_at_it(
        self, world: World, user: WeChatUser, client: Person, order: Order, absent: str
    ) -> None:
        facts = {"visit_id": "vis_1", "order_id": order.order_id, "client_id": order.client_id}
        companion = world.person("companion", subject=COMPANION)
        asked = VisitNoShowReported(**facts, companion_id=COMPANION, absent=absent, waits_until=STARTS_AT)
        world.publish(asked)
        told = {person: [item["code"] for item in inbox(world, person)["items"]] for person in (client, companion)}
        assert told[client if absent == "client" else companion] == [f"no_show_asked_{absent}"]
        assert told[companion if absent == "client" else client] == []
        world.publish(VisitNoShowContested(**facts, companion_id=COMPANION, absent=absent, case_id="nsh_1-1"))
        for person, side in ((client, "client"), (companion, "companion")):
            assert inbox(world, person)["items"][0]["code"] == f"no_show_contested_{side}"

    @pytest.mark.feature("B9")
    def test_what_comes_on_top_is_asked_of_the_client_and_answered_to_the_companion(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        facts: dict[str, Any] = {"order_id": order.order_id, "client_id": order.client_id, "companion_id": COMPANION}
        visit = facts | {"visit_id": "vis_1", "amount_fen": 6_800}
        more = visit | {"overtime_id": "ovt_1", "minutes": 30}
        agreed = more | {"share_fen": 6_000, "commission_fen": 800, "approved_at": STARTS_AT}
        paid = visit | {"expense_id": "exp_1", "expense_kind": "medicine"}
        companion = world.person("companion", subject=COMPANION)
        events: list[tuple[Event, Person, str]] = [
            (VisitOvertimeAsked(**more), client, "overtime_asked"),
            (VisitOvertimeApproved(**agreed, automatic=False), companion, "overtime_approved"),
            (VisitOvertimeApproved(**agreed, automatic=True), client, "overtime_authorised"),
            (VisitOvertimeDeclined(**more), companion, "overtime_declined"),
            (VisitExpenseAsked(**paid), client, "expense_asked"),
            (VisitExpenseApproved(**paid, approved_at=STARTS_AT), companion, "expense_approved"),
            (VisitExpenseDeclined(**paid), companion, "expense_declined"),
            (
                SupplementPaid(**facts, payment_id="sup01_1", amount_fen=9_000, share_fen=6_800),
                companion,
                "supplement_income",
            ),
            (
                SupplementOverdue(order_id=order.order_id, client_id=order.client_id, amount_fen=6_800),
                client,
                "supplement_overdue",
            ),
        ]
        for event, reader, code in events:
            counts = {person: len(inbox(world, person)["items"]) for person in (client, companion)}
            world.publish(event)
            told = inbox(world, reader)["items"]
            assert told[0]["code"] == code and len(told) == counts[reader] + 1
            other = companion if reader is client else client
            assert len(inbox(world, other)["items"]) == counts[other]
            assert ("¥68.00" in told[0]["body"]) is (code != "overtime_declined")

    @pytest.mark.feature("B4")
    @pytest.mark.parametrize(
        ("reason", "fee_fen", "told"),
        [(ClosedReason.CLIENT_NO_SHOW, 6_800, "¥68.00"), (ClosedReason.COMPANION_NO_SHOW, 0, "履约记录")],
    )
    def test_both_hear_how_a_visit_ended_to_which_somebody_did_not_come(
        self,
        world: World,
        user: WeChatUser,
        client: Person,
        order: Order,
        reason: ClosedReason,
        fee_fen: int,
        told: str,
    ) -> None:
        event = closed(order, reason)
        world.publish(msgspec.structs.replace(event, paid=True, assigned=True, companion_fee_fen=fee_fen))
        (notice,) = inbox(world, world.person("companion", subject=COMPANION))["items"]
        assert notice["code"] == f"visit_{reason}" and told in notice["body"]
        (own,) = inbox(world, client)["items"]
        assert own["code"] == f"order_closed_{reason}"

    def changes(self, order: Order) -> list[tuple[Event, dict[str, list[str]]]]:
        """What changes an order after it was placed, and who is told what of it."""
        visit: dict[str, Any] = {"order_id": order.order_id, "companion_id": COMPANION, "starts_at": STARTS_AT}
        client: dict[str, Any] = {"client_id": order.client_id}
        moved = OrderRescheduled(
            **visit,
            **client,
            patient_id=order.patient_id,
            from_starts_at=STARTS_AT - timedelta(days=1),
            ends_at=STARTS_AT + timedelta(hours=4),
            assigned=True,
            revision=5,
        )
        asked = ConfirmationAsked(**visit, answer_by=STARTS_AT, again=False)
        given_back = OrderUnassigned(**visit, **client, reason=UnassignedReason.COMPANION_CANCELLED, revision=5)
        due = PaymentDue(
            order_id=order.order_id, **client, series_id="ser_1", starts_at=STARTS_AT, hold_expires_at=STARTS_AT
        )
        replace = msgspec.structs.replace
        return [
            (moved, {"client": ["order_rescheduled"], "companion": ["visit_rescheduled"]}),
            (replace(moved, assigned=False), {"client": ["order_rescheduled"], "companion": []}),
            (given_back, {"client": ["order_unassigned"], "companion": []}),
            (
                replace(given_back, reason=UnassignedReason.NOT_CONFIRMED),
                {"client": ["order_unassigned"], "companion": ["visit_reassigned"]},
            ),
            (asked, {"client": [], "companion": ["confirmation_asked"]}),
            (replace(asked, again=True), {"client": [], "companion": ["confirmation_reminded"]}),
            (due, {"client": ["series_payment_due"], "companion": []}),
        ]

    @pytest.mark.feature("B3")
    @pytest.mark.parametrize("number", range(7))
    def test_a_change_is_told_to_whom_it_concerns(
        self, world: World, user: WeChatUser, client: Person, order: Order, number: int
    ) -> None:
        event, told = self.changes(order)[number]
        world.publish(event)
        companion = world.person("companion", subject=COMPANION)
        for side, person in (("client", client), ("companion", companion)):
            items = inbox(world, person)["items"]
            assert [item["code"] for item in items] == told[side]
            assert all("王" not in item["body"] for item in items)

    @pytest.mark.feature("F5")
    def test_an_applicant_hears_what_became_of_the_subsidy(
        self, world: World, user: WeChatUser, client: Person
    ) -> None:
        for approved, may_appeal in ((False, True), (False, False), (True, False)):
            decided = SubsidyDecided(
                application_id="sub_1",
                client_id=client.subject,
                patient_id="pat_1",
                programme_id="prg_1",
                approved=approved,
                may_appeal=may_appeal,
            )
            world.publish(decided)
            world.advance(seconds=1)
        codes = [item["code"] for item in inbox(world, client)["items"]]
        assert codes == ["subsidy_approved", "subsidy_finally_rejected", "subsidy_rejected"]

    @pytest.mark.feature("F6")
    def test_a_coupon_from_staff_is_told_with_its_last_day(
        self, world: World, user: WeChatUser, client: Person
    ) -> None:
        ids: dict[str, Any] = {"coupon_id": "cpn_1", "client_id": client.subject, "campaign_id": "cmp_1"}
        world.publish(CouponGranted(**ids, expires_at=STARTS_AT))
        (notice,) = inbox(world, client)["items"]
        assert notice["code"] == "coupon_granted" and "2026-03-05" in notice["body"]

    def test_an_event_delivered_three_times_is_one_notice(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        event = {
            "detail-type": "order.closed",
            "detail": {
                "id": "evt_1",
                "occurred_at": clock.now().isoformat(),
                "correlation_id": "c",
                "data": {
                    "type": "order.closed",
                    "order_id": order.order_id,
                    "client_id": client.subject,
                    "companion_id": COMPANION,
                    "reason": "hold_expired",
                    "paid": False,
                    "refund_fen": 0,
                },
            },
        }
        for _ in range(3):
            bus.handle(event)
        assert (inbox(world, client)["unread"], len(inbox(world, client)["items"])) == (1, 1)

    def test_a_template_that_is_not_seeded_fails_loudly_and_writes_nothing(self, world: World, wechat: Standin) -> None:
        world.rooms = ("accounts",)
        order = put_order(client_id="acc_1")
        with pytest.raises(LookupError, match="order_closed_hold_expired"):
            world.publish(closed(order, ClosedReason.HOLD_EXPIRED))
        assert inbox(world, world.person("client", subject="acc_1"))["items"] == []

    def test_every_seeded_template_can_be_rendered(self, user: WeChatUser) -> None:
        assert len(seeded("notice_templates")) >= 12
        for row in seeded("notice_templates"):
            assert notices.kept_template(row["code"]).title == row["title"]


class TestInbox:
    @pytest.fixture
    def three(self, world: World, client: Person, order: Order) -> list[str]:
        for _ in range(3):
            world.publish(paid(order))
            world.advance(seconds=1)
        return [item["notice_id"] for item in inbox(world, client)["items"]]

    def test_it_pages_newest_first(self, world: World, client: Person, three: list[str]) -> None:
        first = world.get("/notices?limit=2", as_=client).body
        second = world.get(f"/notices?limit=2&cursor={first['next_cursor']}", as_=client).body
        assert [item["notice_id"] for item in first["items"] + second["items"]] == three
        assert three == sorted(three, reverse=True)
        assert (first["unread"], second["unread"]) == (3, None)

    def test_reading_counts_once(self, world: World, client: Person, three: list[str]) -> None:
        first = world.post(f"/notices/{three[1]}/read", as_=client)
        world.advance(seconds=5)
        again = world.post(f"/notices/{three[1]}/read", as_=client)
        assert first.body["read_at"] == again.body["read_at"] is not None
        assert inbox(world, client)["unread"] == 2

    def test_anothers_notice_is_not_found(self, world: World, client: Person, three: list[str]) -> None:
        assert world.post(f"/notices/{three[0]}/read", as_=world.person("client")).status == 404
        assert world.post("/notices/unread/read", as_=client).status == 404
        assert world.post(f"/notices/{three[0]}/read").status == 401
        assert world.get("/notices", as_=world.person("guest")).status == 403
        assert world.get("/notices", as_=world.person("agent")).body["items"] == []

    @pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=x", "cursor=%FF", "order=asc"])
    def test_a_page_that_makes_no_sense_is_refused(self, world: World, client: Person, query: str) -> None:
        assert world.get(f"/notices?{query}", as_=client).code == "invalid_request"


class TestCredits:
    @pytest.mark.parametrize(
        "body",
        [
            {"template_id": "tmpl-unknown", "count": 1},
            {"template_id": ORDER_PAID, "count": 0},
            {"template_id": ORDER_PAID, "count": 6},
            {"template_id": ORDER_PAID, "count": 1.5},
            {"template_id": ORDER_PAID},
            {"template_id": ORDER_PAID, "count": 1, "account_id": "acc_x"},
        ],
    )
    def test_a_wrong_value_is_refused(self, world: World, client: Person, body: dict[str, Any]) -> None:
        assert world.post("/notice-credits", body, as_=client).status == 400

    def test_they_add_up_to_twenty_and_a_repeated_request_counts_once(self, world: World, client: Person) -> None:
        body = {"template_id": ORDER_PAID, "count": 5}
        counts = [world.post("/notice-credits", body, as_=client).body["unspent"] for _ in range(5)]
        assert counts == [5, 10, 15, 20, 20]
        other = world.person("companion")
        replies = [world.post("/notice-credits", body, as_=other, key="credit-key") for _ in range(2)]
        assert [reply.body["unspent"] for reply in replies] == [5, 5]
        assert world.post("/notice-credits", body).status == 401


class TestWeChatMessages:
    def unspent(self, client: Person) -> int:
        credit = notices.find_credit(client.subject, ORDER_PAID)
        return int(credit.unspent) if credit else 0

    def calls(self, wechat: Standin) -> int:
        entries = wechat.read("/_log")["entries"]
        return sum(entry["what"] == "/cgi-bin/message/subscribe/send" for entry in entries)

    def push_state(self) -> list[str]:
        items = aws.client("dynamodb").scan(TableName=config().table_name("accounts"))["Items"]
        return [item["state"]["S"] for item in items if item["pk"]["S"].startswith("PUSH#")]

    def test_a_consent_is_spent_on_one_message(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        user.accept_messages(client, ORDER_PAID)
        world.publish(paid(order))
        world.publish(paid(order))
        (message,) = user.messages()
        assert message["data"] == {"thing1": "付款成功，正在安排", "thing2": message["data"]["thing2"]}  # type: ignore[index]
        assert len(message["data"]["thing2"]) == 20  # type: ignore[index]
        assert message["page"].startswith("pages/notices/index?notice_id=ntc_")
        assert (self.unspent(client), self.calls(user.standin)) == (0, 1)
        assert inbox(world, client)["unread"] == 2

    def test_without_consent_wechat_is_not_even_asked(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        world.publish(paid(order))
        assert self.calls(user.standin) == 0

    def test_a_consent_that_wechat_does_not_know_is_forgotten(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        body = {"template_id": ORDER_PAID, "count": 3}
        assert world.post("/notice-credits", body, as_=client).status == 201
        world.publish(paid(order))
        assert (self.unspent(client), self.push_state()) == (0, ["refused"])

    def test_a_delivery_that_comes_twice_sends_once(
        self, world: World, user: WeChatUser, client: Person, order: Order
    ) -> None:
        user.accept_messages(client, ORDER_PAID, count=3)
        world.publish(paid(order))
        (event,) = [event for event in world.delivered if event["detail-type"] == "notice.written"]
        bus.handle(event)
        event["detail"]["id"] = "evt_other"
        bus.handle(event)
        assert (len(user.messages()), self.unspent(client)) == (1, 2)

    def test_while_wechat_is_busy_it_is_tried_again_and_sent_once(
        self, world: World, user: WeChatUser, client: Person, order: Order, wechat: Standin
    ) -> None:
        user.accept_messages(client, ORDER_PAID)
        wechat.control("misbehave", path="/cgi-bin/message/subscribe/send", errcode=-1)
        with pytest.raises(WeChatUnavailable):
            world.publish(paid(order))
        assert (self.unspent(client), self.push_state(), inbox(world, client)["unread"]) == (1, [], 1)
        bus.handle(world.delivered[-1])
        assert (len(user.messages()), self.unspent(client), self.push_state()) == (1, 0, ["sent"])

    def test_what_may_have_arrived_is_not_sent_again(
        self, world: World, user: WeChatUser, client: Person, order: Order, wechat: Standin
    ) -> None:
        user.accept_messages(client, ORDER_PAID)
        wechat.control("misbehave", path="/cgi-bin/message/subscribe/send", http_status=504)
        world.publish(paid(order))
        bus.handle(world.delivered[-1])
        assert (self.calls(wechat), self.push_state()) == (1, ["unknown"])

    def test_a_message_that_wechat_refuses_is_given_up(
        self, world: World, user: WeChatUser, client: Person, order: Order, wechat: Standin
    ) -> None:
        user.accept_messages(client, ORDER_PAID)
        wechat.control("templates", template_id=ORDER_PAID, title="付款", keys=["amount9"])
        world.publish(paid(order))
        assert (user.messages(), self.push_state(), inbox(world, client)["unread"]) == ([], ["refused"], 1)
