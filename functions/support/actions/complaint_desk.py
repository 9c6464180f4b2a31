"""Agents and what is on their desks: who is on duty, who gets the next complaint or inspection (F31)."""

from collections.abc import Collection, Sequence

from functions.shared.tx import Tx
from functions.support.rules import desk as rules
from functions.support.table import base
from functions.support.table import complaints as table
from functions.support.table.complaints import AgentRow, ComplaintRow


def set_duty(tx: Tx, *, agent_id: str, is_on_duty: bool) -> AgentRow:
    """From now on new cases are given to the agent, or no longer; what they hold stays theirs."""
    row = table.find_agent(agent_id)
    row.is_on_duty = is_on_duty
    tx.save(row)
    return row


def list_agents() -> Sequence[AgentRow]:
    """Everybody who ever was on duty or took a case: one Query."""
    return table.agents()


def give(tx: Tx, row: ComplaintRow) -> None:
    """Put a complaint that is to be decided on the desk with least on it; with nobody on duty it waits in the queue."""
    agent = freest(without={row.appealed_from} if row.appealed_from else set())
    if agent is not None:
        put_on_desk(tx, row, agent)


def put_on_desk(tx: Tx, row: ComplaintRow, agent: AgentRow) -> None:
    """This agent decides it. The caller saves the complaint."""
    row.taken_by = agent.agent_id
    put(tx, agent, row.complaint_id)


def clear(tx: Tx, row: ComplaintRow) -> None:
    """Nobody holds it any more. One read if somebody did; the caller saves the complaint."""
    if row.taken_by is None:
        return
    remove(tx, row.taken_by, row.complaint_id)
    row.taken_by = None


def freest(*, without: Collection[str]) -> AgentRow | None:
    """The agent on duty with least on the desk; None if nobody has room. One Query."""
    rows = {each.agent_id: each for each in table.agents()}
    agent_id = rules.next_agent(
        [rules.Desk(each.agent_id, len(each.held), each.given_at) for each in rows.values() if each.is_on_duty],
        without=without,
        most=base.policy().complaints.agent_most,
    )
    return rows[agent_id] if agent_id else None


def put(tx: Tx, agent: AgentRow, case_id: str) -> None:
    """A case is on this agent's desk from now on."""
    agent.held, agent.given_at = (*agent.held, case_id), tx.now
    tx.save(agent)


def remove(tx: Tx, agent_id: str, case_id: str) -> None:
    """A case is on this agent's desk no more. One read."""
    agent = table.find_agent(agent_id)
    agent.held = tuple(held for held in agent.held if held != case_id)
    tx.save(agent)
