"""Routes declared once: from the declaration come parsing, roles, idempotency, problems and the OpenAPI document.

routes = Routes("booking")

@routes.post("/orders", summary="下单", roles={Role.CLIENT}, body=PlaceOrder, reply=OrderView, status=201,
             effect=True, problems=(SlotTaken, QuoteExpired))
def place_order(call: Call[PlaceOrder]) -> OrderView:
    order = actions.place_order(call.tx, client_id=call.caller.subject, ...)
    return OrderView.of(order)
"""

from functions.shared.http.routes import PUBLIC, Call, Raw, Route, Routes
from functions.shared.http.schemas import Accepted, Page, PageQuery, Reading, decode_cursor, encode_cursor

__all__ = [
    "PUBLIC",
    "Accepted",
    "Call",
    "Page",
    "PageQuery",
    "Raw",
    "Reading",
    "Route",
    "Routes",
    "decode_cursor",
    "encode_cursor",
]
