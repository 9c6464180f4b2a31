"""Answers about the leave to be paid without confirming. Times RFC 3339 in +08:00."""

from datetime import datetime

from functions.settlement.rules.authorizations import TITLES, AuthorizationState, reason_of
from functions.settlement.table.payouts import AuthorizationRow
from functions.shared import clock
from functions.shared.http.schemas import Reading


class AuthorizationView(Reading, frozen=True):
    """`confirmation` is `package` of `wx.requestMerchantTransfer` while the companion has to agree."""

    number: str
    state: AuthorizationState
    title: str
    reason: str | None
    """Why it ended, for people."""
    confirmation: str | None
    requested_at: datetime
    active_at: datetime | None
    closed_at: datetime | None

    @classmethod
    def of(cls, row: AuthorizationRow) -> "AuthorizationView":
        state = row.authorization_state
        return cls(
            number=row.number,
            state=state,
            title=TITLES[state],
            reason=None if row.closed_reason is None else reason_of(row.closed_reason),
            confirmation=row.confirmation if state is AuthorizationState.REQUESTED else None,
            requested_at=clock.china(row.requested_at),
            active_at=clock.china(row.active_at) if row.active_at else None,
            closed_at=clock.china(row.closed_at) if row.closed_at else None,
        )
