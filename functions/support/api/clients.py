"""Clients whose complaints are rejected again and again, for staff alone (F28)."""

from typing import Any

from functions.shared import audit
from functions.shared.caller import Role
from functions.shared.http import Call
from functions.support.actions import client_standing as actions
from functions.support.api.declared import routes
from functions.support.rules import clients as rules
from functions.support.schemas.clients import ClientStanding, FlagBody
from functions.support.table.clients import ClientStandingRow

_AGENTS = {Role.AGENT, Role.ADMIN}


@routes.get("/clients/{client_id}/complaint-standing", summary="客户的申诉情况", roles=_AGENTS, reply=ClientStanding)
def read_standing(call: Call[Any], client_id: str) -> ClientStanding:
    """近期不成立的申诉、标记与留档；客户看不到。"""
    return _shown(client_id, actions.find(client_id))


@routes.post(
    "/clients/{client_id}/complaint-flag",
    summary="标记频繁申诉的客户",
    roles=_AGENTS,
    body=FlagBody,
    reply=ClientStanding,
    effect=True,
    problems=(rules.FlaggedAlready,),
)
def flag_client(call: Call[FlagBody], client_id: str) -> ClientStanding:
    """系统会按规则标记；这里由人工标记，须写理由。标记不影响客户申诉，只提醒处理申诉的客服。"""
    row = actions.flag(call.tx, client_id=client_id, reason=call.body.reason.strip(), actor=call.caller.subject)
    return _shown(client_id, row)


@routes.post(
    "/clients/{client_id}/complaint-flag/lift",
    summary="取消客户的申诉标记",
    roles=_AGENTS,
    body=FlagBody,
    reply=ClientStanding,
    effect=True,
    problems=(rules.NotFlagged,),
)
def lift_flag(call: Call[FlagBody], client_id: str) -> ClientStanding:
    """取消后，此前不成立的申诉不再计数。"""
    row = actions.lift(call.tx, client_id=client_id, reason=call.body.reason.strip(), actor=call.caller.subject)
    return _shown(client_id, row)


def _shown(client_id: str, row: ClientStandingRow) -> ClientStanding:
    return ClientStanding.of(client_id, row, audit.entries_of("support", client_id)[0])
