"""Programmes, grants and coupons for booking's tests, made through the API as staff and clients would."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.booking.table import coupons as coupon_rows
from functions.booking.table import subsidies as subsidy_rows
from functions.shared import clock, table
from tests.booking.makers import Town
from tests.harness.world import Person, Reply

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
REASON = "材料齐全，符合条件"


def programme_body(**changed: Any) -> dict[str, Any]:
    """Two tenths, 60 yuan an order at most, for people of 60 years or more."""
    body: dict[str, Any] = {
        "name": "长者补贴",
        "summary": "年满 60 周岁",
        "evidence": [{"code": "id_card", "title": "身份证"}],
        "percent_bp": 2_000,
        "cap_fen": 6_000,
        "cap_per": "order",
        "budget_fen": 100_000,
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
        "min_age": 60,
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def campaign_body(**changed: Any) -> dict[str, Any]:
    """满 200 减 30, ten of them, one for each client."""
    now = clock.now()
    body: dict[str, Any] = {
        "name": "满200减30",
        "summary": "任意套餐可用",
        "threshold_fen": 20_000,
        "off_fen": 3_000,
        "stock": 10,
        "per_client": 1,
        "claim_from": now.isoformat(),
        "claim_until": (now + timedelta(days=7)).isoformat(),
        "valid_days": 30,
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def staff(town: Town, role: str = "admin") -> Person:
    return town.world.person(role)


def programme(town: Town, **changed: Any) -> str:
    """A programme's id."""
    reply = town.world.post("/subsidy-programmes", programme_body(**changed), as_=staff(town))
    assert reply.status == 201, reply.body
    table.forget_kept()
    return str(reply.body["programme"]["programme_id"])


def campaign(town: Town, **changed: Any) -> str:
    """A campaign's id."""
    reply = town.world.post("/coupon-campaigns", campaign_body(**changed), as_=staff(town))
    assert reply.status == 201, reply.body
    table.forget_kept()
    return str(reply.body["campaign"]["campaign_id"])


def uploaded(town: Town, content: bytes = JPEG, *, by: Person | None = None) -> str:
    """The id of a document that the client has uploaded."""
    by = by or town.client
    leave = town.world.post("/subsidy-evidence", {"content_type": "image/jpeg"}, as_=by)
    assert leave.status == 201, leave.body
    town.world.upload(leave.body, content)
    return str(leave.body["file_id"])


def application_body(town: Town, programme_id: str) -> dict[str, Any]:
    return {
        "programme_id": programme_id,
        "patient_id": town.patient_id,
        "evidence": [{"kind": "id_card", "file_id": uploaded(town)}],
    }


def applied(town: Town, programme_id: str) -> str:
    """The id of an application that waits."""
    reply = town.world.post("/subsidy-applications", application_body(town, programme_id), as_=town.client)
    assert reply.status == 201, reply.body
    return str(reply.body["application_id"])


def decide(town: Town, application_id: str, *, approved: bool, by: Person, **changed: Any) -> Reply:
    body = {"approved": approved, "reason": REASON, **({"valid_until": "2026-12-31"} if approved else {}), **changed}
    return town.world.post(f"/subsidy-applications/{application_id}/decision", body, as_=by)


def granted(town: Town, programme_id: str | None = None, **changed: Any) -> str:
    """A programme whose subsidy the town's patient was granted."""
    programme_id = programme_id or programme(town, **changed)
    reply = decide(town, applied(town, programme_id), approved=True, by=staff(town, "agent"))
    assert reply.status == 200, reply.body
    return programme_id


def claimed(town: Town, campaign_id: str | None = None, *, by: Person | None = None, **changed: Any) -> str:
    """The id of a coupon that the client has claimed."""
    campaign_id = campaign_id or campaign(town, **changed)
    reply = town.world.post(f"/coupon-campaigns/{campaign_id}/claim", as_=by or town.client)
    assert reply.status == 201, reply.body
    return str(reply.body["coupon_id"])


def money(town: Town, programme_id: str) -> tuple[int, int, int]:
    """Left, reserved and spent of a programme's budget; they always add up to it."""
    body = town.world.get(f"/subsidy-programmes/{programme_id}", as_=staff(town, "finance_reader")).body
    assert body["left_fen"] + body["reserved_fen"] + body["spent_fen"] == body["budget_fen"]
    shards = subsidy_rows.budget_of(subsidy_rows.find_programme(programme_id).programme)  # type: ignore[union-attr]
    assert min(min(row.left_fen, row.reserved_fen, row.spent_fen) for row in shards) >= 0
    return body["left_fen"], body["reserved_fen"], body["spent_fen"]


def coupon_state(town: Town, coupon_id: str) -> str:
    rows, _ = coupon_rows.coupons_of(town.client.subject, limit=50, after=None)
    (row,) = [row for row in rows if row.coupon_id == coupon_id]
    return str(row.at(clock.now()).state)


def end_without_visit(town: Town, how: str, companion: Person, order: Mapping[str, Any]) -> None:
    """Let an order that waits for its payment end: `expires`, `cancelled` (unpaid or paid) or `nobody` takes it."""
    if how == "expires":
        town.world.advance(minutes=6)
        return
    if how in ("cancelled paid", "nobody"):
        town.pay(order)
    if how == "nobody":
        town.world.advance(hours=1)
        while town.state(order)["state"] == "dispatching":
            town.world.advance(hours=4)
        return
    path = f"/orders/{order['order_id']}"
    quote = town.world.get(f"{path}/cancellation-quote", as_=town.client).body
    reply = town.world.post(f"{path}/cancel", {"quote_id": quote["quote_id"]}, as_=town.client)
    assert reply.status == 200, reply.body
    town.world.deliver()


ENDS = ("expires", "cancelled", "cancelled paid", "nobody")
"""How an order can end without a visit."""


def discounts_of(view: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The negative lines of a quote or of an order's price."""
    return [(item["kind"], item["amount_fen"]) for item in view["items"] if item["amount_fen"] < 0]
