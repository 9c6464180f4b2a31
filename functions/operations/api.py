"""Health, the OpenAPI document and its page. (The docs routes stand in `functions.operations.docs`.)"""

from typing import Any

import msgspec

from functions.shared.config import config
from functions.shared.http import PUBLIC, Call, Routes

routes = Routes("operations")
bp = routes.blueprint


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The API answers; `stage` says which environment."""

    status: str
    stage: str


@routes.get("/health", summary="服务是否可用", roles=PUBLIC, reply=Health)
def health(call: Call[Any]) -> Health:
    """Answers without touching the store, so that it tells about the gateway and the function alone."""
    return Health(status="ok", stage=config().stage)
