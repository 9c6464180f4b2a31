"""Thresholds of this room, with the product's documented values; the stored row may say otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    default_product_id: str = "anxin_visit"
    """What is offered when a client ticks insurance without choosing."""
    retry_delays_s: tuple[int, ...] = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
    """Seconds between attempts: eight attempts over 27.6 hours, as Standard Webhooks recommends."""
    retry_jitter_bp: int = 1_000
    """Up to this many basis points are added to each delay, so that a recovered insurer is not hit by all at once."""
    attempt_timeout_s: int = 15
    """How long an insurer may take to answer; below the timeout of the function that asks."""
    retry_after_max_s: int = 24 * 60 * 60
    """The longest that an insurer's own `Retry-After` puts a message off."""
    failing_days: int = 5
    """An endpoint that took nothing for so long is disabled."""
    secret_overlap_s: int = 24 * 60 * 60
    """How long the secret before a new one signs along."""
    endpoints_per_insurer: int = 10
