"""Companions as clients see them: one read that the process keeps for a minute."""

from typing import Any

from functions.companions import actions
from functions.companions.schemas import CompanionView
from functions.shared import clock
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound
from functions.shared.http import Call, Routes

routes = Routes("companions")
bp = routes.blueprint


@routes.get(
    "/companions/{companion_id}",
    summary="陪诊师公开资料",
    roles={Role.CLIENT, Role.COMPANION, *STAFF},
    reply=CompanionView,
    problems=(NotFound,),
)
def get_companion(call: Call[Any], companion_id: str) -> CompanionView:
    """只列出已核验且在有效期内的资质；停用的陪诊师查不到。"""
    return CompanionView.of(actions.find_active_profile(companion_id), clock.service_date(call.now))
