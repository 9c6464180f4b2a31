"""Logger, metrics (EMF) and correlation ids, in one place: middleware around every handler.

Powertools' Tracer is left out: it imports the X-Ray SDK, and API Gateway and Lambda trace without it. Metric
dimensions are `service` (the room) and the stage's namespace, nothing of higher cardinality.
"""

import os
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

CORRELATION_HEADER = "x-correlation-id"
_correlation: ContextVar[str] = ContextVar("correlation_id", default="")


@cache
def logger() -> Logger:
    """The room's JSON logger. Log ids and codes; never health, position, identity or a request's body."""
    return Logger(service=os.environ.get("CAPABILITY", "all"), level=os.environ.get("LOG_LEVEL", "INFO"))


@cache
def metrics() -> Metrics:
    """The room's metrics, the same for its API and its events, flushed as one EMF line at the end of each call."""
    room = os.environ.get("CAPABILITY", "all").removesuffix("_events")
    return Metrics(namespace=f"Zhenban/{os.environ.get('STAGE', 'none')}", service=room)


def count(name: str, value: float = 1) -> None:
    """Add to a metric, for example `count("PaymentMismatched")`."""
    metrics().add_metric(name=name, unit=MetricUnit.Count, value=value)


def measure_ms(name: str, value: float) -> None:
    """Record a duration in milliseconds."""
    metrics().add_metric(name=name, unit=MetricUnit.Milliseconds, value=value)


def correlate(correlation_id: str) -> None:
    """Give this call's log lines the id of the request that everything began with."""
    _correlation.set(correlation_id)
    logger().append_keys(correlation_id=correlation_id)


def correlation_id() -> str:
    """The id that `correlate` set for this call."""
    return _correlation.get()


def middleware(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Around every Chalice handler, HTTP or not: request id on each line, metrics flushed whatever happens."""
    context = getattr(event, "lambda_context", None) or getattr(event, "context", None)
    request_id = getattr(context, "aws_request_id", "")
    logger().append_keys(request_id=request_id)
    try:
        return get_response(event)
    finally:
        if metrics().provider.metric_set:
            metrics().flush_metrics()
        logger().remove_keys(["correlation_id"])
