"""What notices tell of an order, looked up only as far as a template asks for it. Events carry none of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from functions.accounts.actions.reads import find_patient_card
from functions.accounts.rules import notices as rules
from functions.shared import clock, money

if TYPE_CHECKING:
    from functions.booking.actions import OrderCard
    from functions.hospitals.actions import Hospital


@dataclass(frozen=True)
class OrderFacts:
    """An order as its notices tell of it. What the event already said is not looked up again."""

    order_id: str
    amount_fen: int | None = None
    earned: bool = False
    """Without `amount_fen`, the amount is the companion's share, not the price."""
    companion_id: str | None = None
    hospital_id: str | None = None
    department_id: str | None = None
    starts_at: datetime | None = None

    @cached_property
    def order(self) -> "OrderCard":
        from functions.booking.actions import find_order

        return find_order(self.order_id)

    @cached_property
    def hospital(self) -> "Hospital":
        from functions.hospitals.actions import find_hospital

        return find_hospital(self.hospital_id or self.order.hospital_id)

    @property
    def amount(self) -> int:
        """In fen."""
        if self.amount_fen is not None:
            return self.amount_fen
        return self.order.share_fen if self.earned else self.order.total_fen

    def told(self, needs: Collection[str]) -> Mapping[str, str]:
        """The facts that a template needs."""
        return {name: _TELLERS[name](self) for name in needs}


@dataclass(frozen=True)
class OwnFacts:
    """What concerns the reader alone, not an order: the event said all of it."""

    texts: Mapping[str, str] = field(default_factory=dict)
    order_id: None = None

    def told(self, needs: Collection[str]) -> Mapping[str, str]:
        """The facts that a template needs."""
        return {name: self.texts[name] for name in needs}


def _companion_name(facts: OrderFacts) -> str:
    from functions.companions.actions import find_profile

    companion_id = facts.companion_id or facts.order.companion_id
    return find_profile(companion_id).name if companion_id else "陪诊师"


def _patient_name(facts: OrderFacts) -> str:
    return find_patient_card(facts.order.patient_id, facts.order.client_id).name_masked


def _department_name(facts: OrderFacts) -> str:
    return facts.hospital.department(facts.department_id or facts.order.department_id).name


_TELLERS: Mapping[str, Callable[[OrderFacts], str]] = {
    "order_no": lambda facts: rules.order_no(facts.order_id),
    "hospital_name": lambda facts: facts.hospital.name,
    "department_name": _department_name,
    "starts_at_text": lambda facts: clock.spoken(facts.starts_at or facts.order.starts_at),
    "companion_name": _companion_name,
    "patient_name_masked": _patient_name,
    "amount_text": lambda facts: money.yuan(facts.amount),
}
