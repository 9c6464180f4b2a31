"""Complaints, which of them are open, which wait for an agent, and whose decision is which."""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from functions.shared.table import FenAttribute, InstantAttribute, JsonAttribute, find, query_page
from functions.support.rules.complaints import Entry, Evidence, Facts
from functions.support.table.base import Key, SupportRow, sortable

_QUEUE = "QUEUE#complaints"
_AGENTS = "AGENTS"
_MOST_AGENTS = 500
_MOST_PER_ORDER = 100


class ComplaintRow(SupportRow, discriminator="complaint"):
    """A complaint. `due_at` is until when whoever is asked has to act; `queued_at` the instant it is queued under."""

    order_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    """Who was to accompany when it was filed."""
    category = UnicodeAttribute()
    is_ahead = BooleanAttribute(default=False)
    """The visit had not begun when it was filed."""
    remedy = UnicodeAttribute()
    other_times: JsonAttribute[tuple[datetime, ...]] = JsonAttribute(tuple[datetime, ...], default=tuple)
    """At which somebody else might come as well, as the client said."""
    text = UnicodeAttribute()
    is_text_shown = BooleanAttribute(default=False)
    """The content check let it through: the companion reads it."""
    evidence: JsonAttribute[tuple[Evidence, ...]] = JsonAttribute(tuple[Evidence, ...])
    state = UnicodeAttribute()
    filed_at = InstantAttribute()
    due_at = InstantAttribute(null=True)
    token = UnicodeAttribute(null=True)
    """With which the workflow waits, or waited last."""
    waits = NumberAttribute(default=0)
    """How often it waited: tells the waits apart."""
    runs = NumberAttribute(default=1)
    """How often the workflow was begun."""
    is_finished = BooleanAttribute(default=False)
    """Closed, and nothing is held on its account any more."""
    facts: JsonAttribute[Facts | None] = JsonAttribute(Facts | None, null=True)
    answer = UnicodeAttribute(null=True)
    is_answer_shown = BooleanAttribute(default=False)
    is_contested = BooleanAttribute(default=False)
    taken_by = UnicodeAttribute(null=True)
    queued_at = InstantAttribute(null=True)
    why = UnicodeAttribute(default="")
    """Why an agent should look at it, as the queue says."""
    escalations = NumberAttribute(default=0)
    """How often an agent's time ran out."""
    outcome = UnicodeAttribute(null=True)
    decision_id = UnicodeAttribute(null=True)
    refund_fen = FenAttribute(default=0)
    """Of the decision in force."""
    moved_to = InstantAttribute(null=True)
    """At which somebody else comes, if the decision in force names another time."""
    refunded_fen = FenAttribute(default=0)
    """Of all decisions that were carried out."""
    is_upheld = BooleanAttribute(default=False)
    """Some decision in the client's favour was carried out."""
    reason = UnicodeAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    appeal = UnicodeAttribute(null=True)
    """Why the client appealed; null as long as they did not."""
    appealed_from = UnicodeAttribute(null=True)
    """Who decided what was appealed against."""
    history: JsonAttribute[tuple[Entry, ...]] = JsonAttribute(tuple[Entry, ...])

    @property
    def complaint_id(self) -> str:
        return str(self.pk)


class OpenComplaintRow(SupportRow, discriminator="open_complaint"):
    """Keeps a second complaint of the same matter out."""

    complaint_id = UnicodeAttribute()


class OrderComplaintRow(SupportRow, discriminator="order_complaint"):
    """A complaint in the list of its order."""

    complaint_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    companion_id = UnicodeAttribute()
    category = UnicodeAttribute()
    filed_at = InstantAttribute()


class DecisionRow(SupportRow, discriminator="complaint_decision"):
    """Leads from a decision, which settlement knows, to its complaint."""

    complaint_id = UnicodeAttribute()


class AgentRow(SupportRow, discriminator="complaint_agent"):
    """An agent's desk: ids of complaints that they are to decide, and of rectifications that they are to inspect."""

    held: JsonAttribute[tuple[str, ...]] = JsonAttribute(tuple[str, ...], default=tuple)
    is_on_duty = BooleanAttribute(default=False)
    """New cases are given to them."""
    given_at = InstantAttribute(null=True)

    @property
    def agent_id(self) -> str:
        return str(self.sk)


class QueuedRow(SupportRow, discriminator="queued_complaint"):
    """A complaint that waits for an agent, by when it is due; `why`: undecided, appealed, overdue, refused, stuck."""

    complaint_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    category = UnicodeAttribute()
    why = UnicodeAttribute()
    due_at = InstantAttribute()
    taken_by = UnicodeAttribute(null=True)


# keys -------------------------------------------------------------------------------------------------------------
def complaint_key(complaint_id: str) -> Key:
    return complaint_id, "COMPLAINT"


def open_key(order_id: str, category: str) -> Key:
    return f"ORDER#{order_id}", f"OPEN#{category}"


def of_order_key(order_id: str, complaint_id: str) -> Key:
    return f"ORDER#{order_id}", f"COMPLAINT#{complaint_id}"


def decision_key(decision_id: str) -> Key:
    return decision_id, "DECISION"


def agent_key(agent_id: str) -> Key:
    return _AGENTS, agent_id


def queued_key(due_at: datetime, complaint_id: str) -> Key:
    return _QUEUE, f"{sortable(due_at)}#{complaint_id}"


# access patterns --------------------------------------------------------------------------------------------------
def find_complaint(complaint_id: str) -> ComplaintRow | None:
    return find(ComplaintRow, *complaint_key(complaint_id))


def find_decision(decision_id: str) -> DecisionRow | None:
    return find(DecisionRow, *decision_key(decision_id))


def find_agent(agent_id: str) -> AgentRow:
    """The agent's desk, or a new one."""
    return find(AgentRow, *agent_key(agent_id)) or AgentRow(*agent_key(agent_id))


def agents() -> Sequence[AgentRow]:
    """All desks: one Query."""
    rows, _ = query_page(AgentRow, _AGENTS, limit=_MOST_AGENTS)
    return rows


def find_queued(complaint: ComplaintRow) -> QueuedRow | None:
    """Where it waits; nothing to read if it does not."""
    return find(QueuedRow, *queued_key(complaint.queued_at, complaint.complaint_id)) if complaint.queued_at else None


def find_open(order_id: str, category: str) -> OpenComplaintRow | None:
    return find(OpenComplaintRow, *open_key(order_id, category))


def queued(*, limit: int, after: str | None) -> tuple[Sequence[QueuedRow], str | None]:
    """What agents should decide, due soonest first: one Query."""
    return query_page(QueuedRow, _QUEUE, limit=limit, after=after)


def of_order(order_id: str) -> Sequence[OrderComplaintRow]:
    """The complaints of an order, latest first: one Query."""
    pk = open_key(order_id, "")[0]
    rows, _ = query_page(OrderComplaintRow, pk, prefix="COMPLAINT#", limit=_MOST_PER_ORDER, newest_first=True)
    return rows
