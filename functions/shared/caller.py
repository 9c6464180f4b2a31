"""Who is calling: the authorizer's findings, as the rooms read them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a caller may be. One person may hold several; a route names those that may use it."""

    CLIENT = "client"
    COMPANION = "companion"
    AGENT = "agent"
    FINANCE = "finance"
    FINANCE_READER = "finance_reader"
    ADMIN = "admin"
    HOSPITAL = "hospital"
    INSURER = "insurer"
    GUEST = "guest"


STAFF = frozenset({Role.AGENT, Role.FINANCE, Role.FINANCE_READER, Role.ADMIN})


@dataclass(frozen=True)
class Caller:
    """`subject` is an account id, a staff id, an institution's id (hospital, insurer) or a guest access id."""

    subject: str
    roles: frozenset[Role]
    session_id: str = ""
    order_id: str = ""
    """The one order a guest may see; empty for everyone else."""
    scopes: frozenset[str] = frozenset()
    """What a guest was granted: progress, position, chat, report."""

    @property
    def is_staff(self) -> bool:
        return bool(self.roles & STAFF)

    @classmethod
    def from_context(cls, context: dict[str, Any]) -> "Caller":
        """From the strings that API Gateway passes on from the authorizer."""
        return cls(
            subject=context["sub"],
            roles=frozenset(Role(role) for role in context["roles"].split()),
            session_id=context.get("sid", ""),
            order_id=context.get("order_id", ""),
            scopes=frozenset(context.get("scopes", "").split()),
        )

    def as_context(self) -> dict[str, str]:
        """The inverse of `from_context`: only strings, as API Gateway demands."""
        return {
            "sub": self.subject,
            "roles": " ".join(sorted(self.roles)),
            "sid": self.session_id,
            "order_id": self.order_id,
            "scopes": " ".join(sorted(self.scopes)),
        }


ANONYMOUS = Caller(subject="", roles=frozenset())
