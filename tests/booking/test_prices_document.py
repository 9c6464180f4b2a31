"""The example in docs/prices.md, computed from the seed."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from functions.booking.rules import catalogue, discounts, pricing
from functions.booking.rules.coupons import Coupon, CouponState, Terms
from functions.booking.rules.pricing import CityTier, Insurance
from functions.booking.rules.subsidies import Entitlement, Programme
from functions.booking.rules.versions import Place
from functions.shared.clock import CHINA
from infra.local.seeding import SEED
from tests.booking.test_catalogue_rules import seeded_catalogue

PRICES = Path(__file__).parents[2] / "docs" / "prices.md"
SATURDAY_9 = datetime(2026, 3, 7, 9, tzinfo=CHINA)
BEIJING = Place(CityTier.FIRST, "110000")


def seed_row(name: str, id_: str) -> dict[str, Any]:
    """One row of the seed."""
    rows = yaml.safe_load((SEED / f"{name}.yaml").read_text(encoding="utf-8"))
    row: dict[str, Any] = next(row for row in rows if row["id"] == id_)
    return row


def entitled(programme_id: str) -> Entitlement:
    programme = msgspec.convert(seed_row("subsidy_programmes", programme_id), Programme)
    return Entitlement(f"grt_{programme_id}", "pat_1", programme, date(2030, 1, 1), left_fen=(programme.budget_fen,))


@pytest.mark.feature("F3")
@pytest.mark.feature("F5")
@pytest.mark.feature("F6")
def test_the_example_costs_what_the_page_says() -> None:
    here, on = seeded_catalogue(), SATURDAY_9.date()
    offer = catalogue.offering(here, "deep", place=BEIJING, on=on)
    pickup = catalogue.special_request(here, "medicine_pickup", place=BEIJING, package_id="deep", on=on)
    assert offer and pickup
    product = seed_row("insurance_products", "anxin_visit")
    insurance = Insurance(product["id"], product["name"], product["premium_fen"])
    gross = catalogue.quoted(offer, [pickup], starts_at=SATURDAY_9, insurance=insurance)
    terms = msgspec.convert(seed_row("coupon_campaigns", "cmp_200_30")["terms"], Terms)
    coupon = Coupon("cpn_1", "cmp_200_30", terms, CouponState.UNUSED, datetime(2026, 4, 1, tzinfo=CHINA))
    chosen = discounts.choose(gross, [entitled("prg_disability"), entitled("prg_elder_60")], [coupon])
    price = pricing.discounted(gross, chosen.discounts)
    computed = [*((str(item.kind), item.amount_fen) for item in price.items), ("total", price.total_fen)]
    assert computed == told()


def told() -> list[tuple[str, int]]:
    """The lines of the page's example."""
    example = PRICES.read_text(encoding="utf-8").partition("## Example")[2]
    return [(line, int(amount)) for line, amount in re.findall(r"^\| (\w+) \| (-?\d+) \|", example, re.MULTILINE)]
