"""People, patients and orders as a test needs them: only what matters to it is named."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from functions.accounts import actions
from functions.accounts.rules.identity import check_digit
from functions.booking import table as booking_table
from functions.booking.rules.matching import Wanted
from functions.booking.rules.orders import OrderState
from functions.booking.rules.pricing import Price
from functions.companions.actions import put_companion
from functions.hospitals.actions import put_hospital
from functions.shared import clock, ids, table
from functions.shared.tx import Tx
from tests.harness.seeds import seeded, seeded_one
from tests.harness.world import Person, Reply, World

FATHER_BORN = "1958-03-05"
STARTS_AT = datetime(2026, 3, 5, 0, 0, tzinfo=UTC)
"""5 March 2026, 08:00 in China."""
COMPANION = "cmp_lin_yulan"
CONSENTS = [
    {"purpose": purpose, "document_version": "2026-03"}
    for purpose in ("service_agreement", "privacy_policy", "sensitive_information")
]
GUARDIAN_CONSENT = {"purpose": "guardian_consent", "document_version": "2026-03"}


def id_number(born: str = FATHER_BORN, *, sequence: str = "123", area: str = "110101") -> str:
    """A valid identity number; an odd sequence is a man's."""
    first = f"{area}{born.replace('-', '')}{sequence}"
    return first + check_digit(first)


def patient(**changed: Any) -> dict[str, Any]:
    """A father with everything that may be known of him."""
    body: dict[str, Any] = {
        "name": "王小明",
        "birth_date": FATHER_BORN,
        "gender": "male",
        "id_number": id_number(),
        "phone": "13812341234",
        "relation": "parent",
        "consents": CONSENTS,
    }
    return {name: value for name, value in (body | changed).items() if value is not ...}


def child(**changed: Any) -> dict[str, Any]:
    """A daughter of six with her guardian."""
    facts = {
        "name": "王朵朵",
        "birth_date": "2020-01-10",
        "gender": "female",
        "id_number": id_number("2020-01-10", sequence="124"),
        "phone": None,
        "relation": "child",
        "guardian": {"name": "李梅", "relation": "parent", "phone": "13900001111"},
        "consents": [*CONSENTS, GUARDIAN_CONSENT],
    }
    return patient(**facts | changed)


def add_patient(world: World, client: Person, **changed: Any) -> Reply:
    reply = world.post("/patients", patient(**changed), as_=client)
    assert reply.status == 201, reply.body
    return reply


def commit(room: str, act: Callable[[Tx], Any]) -> None:
    """Run an action as the seed does."""
    tx = Tx(room, now=clock.now(), correlation_id="test")
    act(tx)
    tx.commit()
    table.forget_kept()


def put_templates() -> None:
    """The seeded notice templates."""
    for row in seeded("notice_templates"):
        commit("accounts", partial(actions.put_notice_template, **row))


def put_directory() -> None:
    """协和 and the companion 林玉兰."""
    hospital, companion = seeded_one("hospitals", "hos_pumch"), seeded_one("companions", COMPANION)
    commit("hospitals", partial(put_hospital, **hospital))
    commit("companions", partial(put_companion, **companion))


@dataclass(frozen=True)
class Order:
    """An order that booking holds."""

    order_id: str
    client_id: str
    patient_id: str


def put_order(*, client_id: str, patient_id: str = "pat_none", companion_id: str | None = COMPANION) -> Order:
    """An order of ¥330 at 协和 oncology on 5 March, of which the companion earns 90 %."""
    order_id = ids.new("ord")
    row = booking_table.OrderRow(
        *booking_table.order_key(order_id),
        client_id=client_id,
        placed_at=clock.now(),
        companion_id=companion_id,
        chosen_id=companion_id or COMPANION,
        starts_at=STARTS_AT,
        ends_at=STARTS_AT + timedelta(hours=4),
        patient_id=patient_id,
        hospital_id="hos_pumch",
        campus_id="pumch_dongdan",
        department_id="oncology",
        package_id="deep",
        process_template_id="deep_visit",
        process_version_id="ver_1",
        quote_id=ids.derived("quo", order_id),
        state=OrderState.PAID,
        price=Price(items=(), total_fen=33_000, insurance=None),
        share_bp=9_000,
        wanted=Wanted(),
        hold_expires_at=clock.now() + timedelta(minutes=5),
        asked=(),
    )
    commit("booking", lambda tx: tx.insert(row))
    return Order(order_id, client_id, patient_id)
