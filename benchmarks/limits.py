"""What must hold. Exact limits decide the exit status; measured ones are reported: a shared machine has moods."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.endpoints import Endpoint

ZIP_MB = 25.0
COLD_OF_PLAIN = 0.35
WARM_OF_BARE = 4.5
HOT = (
    "POST /quotes",
    "GET /quotes/{quote_id}",
    "POST /orders",
    "GET /orders/{order_id}",
    "POST /webhooks/wechat-pay/payments",
    "GET /payments/{payment_id}",
    "GET /offers",
    "POST /offers/{offer_id}/accept",
    "GET /visits/{visit_id}",
    "GET /visits/{visit_id}/position",
    "POST /visits/{visit_id}/check-ins",
    "POST /visits/{visit_id}/milestones",
    "POST /visits/{visit_id}/milestones (photo)",
    "POST /visits/{visit_id}/positions",
    "GET /notices",
)
"""What many call at once, or one calls again and again: at most one read round trip and one write transaction."""
DEPENDENT_READS = {"GET /quotes/{quote_id}/companions": 3}
"""Where one read tells what the next must ask for.

The quote, who serves its department, and when they are free.
"""


@dataclass(frozen=True)
class Verdict:
    """One limit and what was found."""

    name: str
    limit: float
    found: float
    is_exact: bool

    @property
    def holds(self) -> bool:
        return self.found <= self.limit


def of_endpoints(endpoints: Mapping[str, Endpoint]) -> Iterator[Verdict]:
    """Reads and writes of every endpoint that has a limit."""
    for name, reads in (dict.fromkeys(HOT, 1) | DEPENDENT_READS).items():
        endpoint = endpoints[name]
        yield Verdict(f"{name}: reads", reads, endpoint.reads, is_exact=True)
        yield Verdict(f"{name}: writes", 1, endpoint.writes, is_exact=True)
