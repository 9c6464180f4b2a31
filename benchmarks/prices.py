"""US$ by one dated table, and what the cost model assumes about time.

Prices are us-east-1, on demand, as of mid-2025, written down from memory of AWS's public price pages: check them before
relying on an absolute figure. They serve to compare one version of the product with the next. No free tier, no taxes.
"""

from dataclasses import dataclass

AS_OF = "2025-07"
REGION = "us-east-1"
SOURCE = "AWS public price pages, from memory; on demand, no free tier"
_MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """US$ for `per` units."""

    usd: float
    per: float = 1

    def of(self, amount: float) -> float:
        """US$ for `amount` units."""
        return self.usd * amount / self.per


PRICES: dict[str, Price] = {
    "lambda_gb_s": Price(0.0000166667),
    "lambda_requests": Price(0.20, _MILLION),
    "api_requests": Price(3.50, _MILLION),
    "websocket_messages": Price(1.00, _MILLION),
    "websocket_minutes": Price(0.25, _MILLION),
    "read_units": Price(0.125, _MILLION),
    "write_units": Price(0.625, _MILLION),
    "bus_events": Price(1.00, _MILLION),
    "timers": Price(1.00, _MILLION),
    "log_bytes": Price(0.50, 1_000_000_000),
    "kms_calls": Price(0.03, 10_000),
    "workflow_transitions": Price(25.00, _MILLION),
}
"""Each entry is a figure of `order_cost` and what one of it costs (x86; arm Lambda is 0.0000133334 per GB-s)."""

FULL_VCPU_MB = 1769
"""Memory at which a Lambda function has one whole vCPU; below, our own measured time is stretched in proportion."""

ASSUMED_MS: dict[str, float] = {
    "store_read": 5.0,
    "store_write": 10.0,
    "aws_call": 15.0,
    "outside_call": 120.0,
    "authorizer": 3.0,
    "relay": 40.0,
}
"""How long a warm function waits for each call, or runs in all: the benchmark has no real network to measure."""

LOG_BYTES_PER_INVOCATION = 900
"""START, END and REPORT of Lambda with a line or two of our own."""

AUTHORIZER_CACHE_S = 300
"""How long API Gateway keeps the authorizer's answer for a token."""
