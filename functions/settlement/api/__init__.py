"""Money over HTTP, one module per topic; importing this module registers all routes."""

from functions.settlement.api import (
    authorizations,
    earnings,
    invoices,
    ledger,
    manual_bookings,
    payments,
    payouts,
    reconciliations,
    refunds,
    remittances,
    reports,
    supplements,
    tax,
    webhooks,
    withdrawals,
)
from functions.settlement.api.declared import routes

bp = routes.blueprint

__all__ = [
    "authorizations",
    "bp",
    "earnings",
    "invoices",
    "ledger",
    "manual_bookings",
    "payments",
    "payouts",
    "reconciliations",
    "refunds",
    "remittances",
    "reports",
    "routes",
    "supplements",
    "tax",
    "webhooks",
    "withdrawals",
]
