"""Wiring only: registers the one module that $CAPABILITY names, or all of them (local gateway, tests, packaging).

Each Lambda function runs this same package with its own CAPABILITY, so a cold start pays for one room.
"""

import os
from importlib import import_module
from typing import Any

from chalice.app import Chalice, CORSConfig

from functions.shared import observe
from functions.shared.http import problems

MODULES = {
    "authorizer": "functions.shared.authorizer",
    "relay": "functions.shared.relay",
    "accounts": "functions.accounts.api",
    "accounts_events": "functions.accounts.triggers",
    "companions": "functions.companions.api",
    "companions_events": "functions.companions.triggers",
    "hospitals": "functions.hospitals.api",
    "hospitals_events": "functions.hospitals.triggers",
    "booking": "functions.booking.api",
    "booking_events": "functions.booking.triggers",
    "tracking": "functions.tracking.api",
    "tracking_events": "functions.tracking.triggers",
    "live": "functions.tracking.live",
    "care": "functions.care.api",
    "care_events": "functions.care.triggers",
    "settlement": "functions.settlement.api",
    "settlement_events": "functions.settlement.triggers",
    "insurance": "functions.insurance.api",
    "insurance_events": "functions.insurance.triggers",
    "support": "functions.support.api",
    "support_events": "functions.support.triggers",
    "operations": "functions.operations.api",
}
"""Every Lambda function of the product, by its CAPABILITY, and the module that holds its handlers."""

app = Chalice(app_name="zhenban")
app.api.binary_types = []
app.api.cors = CORSConfig(
    # Any origin: a caller is known by the bearer token it sends, never by a cookie that the browser adds.
    allow_origin="*",
    allow_headers=["Idempotency-Key", "If-Match", "If-None-Match", "X-Correlation-Id"],
    expose_headers=["ETag", "Idempotency-Replayed", "Retry-After", "X-Request-Id"],
    max_age=600,
)
app.register_middleware(observe.middleware, "all")
app.register_middleware(problems.middleware, "http")

_capability = os.environ.get("CAPABILITY")
for _name in [_capability] if _capability else MODULES:
    _module = import_module(MODULES[_name])
    app.register_blueprint(_module.bp)


def __getattr__(name: str) -> Any:
    """Handlers of blueprints as attributes (`app.relay`), so that middleware also runs for them in Lambda."""
    try:
        return app.handler_map[name]
    except KeyError:
        raise AttributeError(name) from None
