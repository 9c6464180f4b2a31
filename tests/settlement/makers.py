"""A till: the settlement room beside the real WeChat Pay stand-in, with orders that wait for their payment.

The stand-in answers over loopback. Its own courier is kept quiet: a test decides when, how often and in which order
the provider's signed notifications arrive.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from functions.accounts import actions as accounts
from functions.booking import table as booking
from functions.booking.events import ClosedReason, OrderClosed, OrderCompleted, OrderPaidTooLate, Split
from functions.booking.rules.matching import Wanted
from functions.booking.rules.orders import OrderState
from functions.booking.rules.pricing import Price
from functions.settlement import ledger_check
from functions.settlement.table import SettlementRow
from functions.shared import clock, ids, table
from functions.shared.caller import Role
from functions.shared.tx import Tx
from infra.local.standins import pay
from infra.local.standins.journal import Journal
from infra.local.standins.keys import Keys, load_keys
from infra.local.standins.pay.signing import Flaw
from infra.local.standins.pay.transfers import Bill
from infra.local.standins.serving import serve
from tests.harness.world import Person, Reply, World, put_secret

TOTAL_FEN = 32_500
SPLIT = Split(share_fen=28_800, commission_fen=3_200, premium_fen=500)
NEVER = pay.Pace(retry_scale=1e6, refund_delay_s=1e6)
"""The stand-in does nothing by itself."""
HOLD = timedelta(minutes=5)


def commit(room: str, act: Callable[[Tx], Any]) -> Any:
    """Run one act in its own transaction, as an edge would."""
    tx = Tx(room, now=clock.now(), correlation_id="test")
    result = act(tx)
    tx.commit()
    table.forget_kept()
    return result


@dataclass(frozen=True)
class Order:
    """An order that waits for its payment, as booking wrote it."""

    order_id: str
    client: Person
    companion_id: str
    total_fen: int = TOTAL_FEN

    @property
    def payment_id(self) -> str:
        return ids.derived("pay", self.order_id)

    @property
    def refund_id(self) -> str:
        return ids.derived("rfd", self.order_id)

    def closed(
        self,
        *,
        paid: bool,
        reason: ClosedReason = ClosedReason.HOLD_EXPIRED,
        companion_fee_fen: int = 0,
        platform_fee_fen: int = 0,
    ) -> OrderClosed:
        return OrderClosed(
            order_id=self.order_id,
            client_id=self.client.subject,
            companion_id=self.companion_id,
            reason=reason,
            paid=paid,
            refund_fen=self.total_fen - companion_fee_fen - platform_fee_fen if paid else 0,
            companion_fee_fen=companion_fee_fen,
            platform_fee_fen=platform_fee_fen,
        )

    def paid_too_late(self) -> OrderPaidTooLate:
        return OrderPaidTooLate(
            order_id=self.order_id,
            client_id=self.client.subject,
            payment_id=self.payment_id,
            amount_fen=self.total_fen,
        )

    def completed(self, split: Split = SPLIT, **more: Any) -> OrderCompleted:
        return OrderCompleted(
            order_id=self.order_id,
            client_id=self.client.subject,
            companion_id=self.companion_id,
            split=split,
            total_fen=self.total_fen,
            **more,
        )


@dataclass
class Till:
    """The room, the provider, and the acts of people and of the provider."""

    world: World
    desk: pay.Desk
    keys: Keys

    # booking's side ---------------------------------------------------------------------------------------------
    def order(self, *, total_fen: int = TOTAL_FEN, state: OrderState = OrderState.AWAITING_PAYMENT) -> Order:
        """An order of a client who can pay with WeChat."""
        client = self.world.person("client")
        openid = f"o{client.subject[-20:]}"
        commit(
            "accounts",
            lambda tx: accounts.put_account(tx, account_id=client.subject, openid=openid, roles=(Role.CLIENT,)),
        )
        order = Order(ids.new("ord"), client, ids.new("acc"), total_fen)
        commit("booking", lambda tx: tx.insert(_order_row(order, state)))
        return order

    def is_quiet(self) -> None:
        """Booking does not answer in these tests: what it would say is published by hand."""
        self.world.rooms = ("settlement",)

    # the client's side -------------------------------------------------------------------------------------------
    def start(self, order: Order, *, key: str | None = None, **options: Any) -> Reply:
        """The client asks for a payment."""
        as_ = options.pop("as_", None) or self.world.renewed(order.client, "client")
        body = options.pop("body", {"method": "jsapi"})
        return self.world.post(f"/orders/{order.order_id}/payments", body, as_=as_, key=key, **options)

    def started(self, order: Order) -> Order:
        reply = self.start(order)
        assert reply.status == 201, reply.body
        self.world.deliver()
        return order

    def pays(self, order: Order) -> Order:
        """The client pays at the provider; nobody is told."""
        self.desk.faults.add({"out_trade_no": order.payment_id, "notify_times": 0})
        self.desk.pay(order.payment_id, None)
        return order

    def paid(self, order: Order) -> Order:
        """Paid, notified, booked."""
        self.pays(self.started(order))
        assert self.notify(order).status == 200
        self.world.deliver()
        return order

    def look_up(self, order: Order) -> Reply:
        """The client asks how the payment stands."""
        as_ = self.world.renewed(order.client, "client")
        reply = self.world.get(f"/payments/{order.payment_id}", as_=as_)
        self.world.deliver()
        return reply

    # the provider's side -----------------------------------------------------------------------------------------
    def notify(self, order: Order, *, id: str = "", flaw: Flaw | None = None, **changed: Any) -> Reply:
        """The provider tells of the payment (`changed`: fields of its content; `id` makes it a repetition)."""
        content = self.desk.transaction(self.desk.books.order(order.payment_id)) | changed
        return self._post("payments", "TRANSACTION.SUCCESS", "transaction", content, id, flaw)

    def notify_refund(
        self, order: Order, *, refund_id: str = "", id: str = "", flaw: Flaw | None = None, **changed: Any
    ) -> Reply:
        """The provider tells of the order's refund (its first one, or the one named) as it stands there."""
        answer = self.desk.refund_answer(self.desk.books.find_refund(refund_id or order.refund_id))
        status = answer.pop("status")
        content = answer | {"mchid": self.keys.pay.merchant_id, "refund_status": status} | changed
        return self._post("refunds", f"REFUND.{content['refund_status']}", "refund", content, id, flaw)

    def transfer_content(self, bill: Bill) -> dict[str, Any]:
        """What the provider would tell of a transfer as it stands."""
        return self.desk.transfers.answer(bill)

    def notify_transfer(self, content: dict[str, Any]) -> Reply:
        """The provider tells what it once had to tell of a transfer."""
        return self._post("transfers", "MCHTRANSFER.BILL.FINISHED", "mch_payment", content, "", None)

    def finishes_refund(self, order: Order, status: str = "SUCCESS") -> None:
        """The provider carries the refund out."""
        self.desk.books.finish_refund(order.refund_id, status)

    def misbehaves(self, order: Order, **how: Any) -> None:
        """The stand-in's next answer about this order is wrong in this way."""
        self.desk.faults.add({"out_trade_no": order.payment_id, **how})

    def _post(
        self, path: str, event_type: str, kind: str, content: dict[str, Any], id: str, flaw: Flaw | None
    ) -> Reply:
        body = json.dumps(
            {
                "id": id or ids.new("evt"),
                "create_time": clock.china(clock.now()).isoformat(timespec="seconds"),
                "resource_type": "encrypt-resource",
                "event_type": event_type,
                "summary": event_type,
                "resource": self.desk.signer.sealed(content, kind),
            }
        )
        headers = self.desk.signer.headers(body, clock.now(), flaw)
        return self.world.post(f"/webhooks/wechat-pay/{path}", raw=body.encode(), headers=headers, key="")

    # what came of it ---------------------------------------------------------------------------------------------
    def balances(self) -> dict[str, int]:
        """Every account code that is not zero, as finance reads it."""
        reply = self.world.get("/ledger/trial-balance", as_=self.world.person("finance"))
        assert reply.body["is_balanced"], reply.body
        return {entry["code"]: entry["balance_fen"] for entry in reply.body["accounts"] if entry["balance_fen"]}

    def booked(self, order: Order) -> list[str]:
        """The events that were booked for the order, oldest first."""
        reply = self.world.get(f"/orders/{order.order_id}/ledger", as_=self.world.person("finance"))
        return [entry["event"] for entry in reply.body.get("transactions", [])]

    def refunds(self, order: Order) -> list[dict[str, Any]]:
        reply = self.world.get(f"/orders/{order.order_id}/refunds", as_=self.world.renewed(order.client, "client"))
        return list(reply.body["items"])

    def findings(self) -> list[str]:
        """What the offline check finds wrong with the whole ledger."""
        return ledger_check.findings(SettlementRow.scan(consistent_read=True))

    def events(self, name: str, order: Order) -> list[dict[str, Any]]:
        """The events of this name about the order."""
        self.world.deliver()
        return [event for event in self.world.events(name) if event["order_id"] == order.order_id]


@contextmanager
def open_till(world: World, keys_dir: Path, state_dir: Path) -> Iterator[Till]:
    """A till in `world`; only settlement listens to the bus."""
    keys = load_keys(keys_dir)
    desk = pay.Desk(Journal(state_dir / "pay.jsonl"), keys.pay, clock.now, NEVER)
    running = serve(pay.create_app(desk), 0, desk.close)
    folder = keys_dir / "keys"
    put_secret(
        "wechat-pay",
        {
            "merchant_id": keys.pay.merchant_id,
            "app_id": keys.pay.app_id,
            "private_key_pem": (folder / "merchant_private.pem").read_text(),
            "certificate_serial": keys.pay.certificate_serial,
            "api_v3_key": keys.pay.apiv3_key,
            "public_key_pem": (folder / "platform_public.pem").read_text(),
            "public_key_id": keys.pay.platform_public_key_id,
            "base_url": running.url,
        },
    )
    till = Till(world, desk, keys)
    till.is_quiet()
    yield till
    running.stop()


def _order_row(order: Order, state: OrderState) -> booking.OrderRow:
    now = clock.now()
    return booking.OrderRow(
        *booking.order_key(order.order_id),
        client_id=order.client.subject,
        placed_at=now,
        chosen_id=order.companion_id,
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=2, hours=4),
        patient_id=ids.new("pat"),
        hospital_id="hos_first",
        campus_id="east",
        department_id="oncology",
        package_id="deep",
        process_template_id="deep_visit",
        process_version_id="ver_1",
        quote_id=ids.new("quo"),
        state=state,
        price=Price(items=(), total_fen=order.total_fen, insurance=None),
        share_bp=9_000,
        wanted=Wanted(),
        hold_expires_at=now + HOLD,
        asked=(),
    )
