"""Finding one's way inside a hospital, and the staff's editing of it (F7)."""

from typing import Any

from functions.hospitals import actions
from functions.hospitals.api.declared import routes
from functions.hospitals.rules.guide_maps import GuideMapInvalid
from functions.hospitals.schemas.guide_maps import GuideMapBody, GuideMapQuery, GuideMapView
from functions.shared.caller import STAFF, Role
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.http import PUBLIC, Call


@routes.get(
    "/hospitals/{hospital_id}/guide-map",
    summary="院内导航",
    roles=PUBLIC,
    query=GuideMapQuery,
    reply=GuideMapView,
    problems=(NotFound,),
)
def get_guide_map(call: Call[Any], hospital_id: str) -> GuideMapView:
    """楼、窗口、检查室、卫生间、出入口和无障碍路线，附地图链接；最多滞后一分钟。"""
    return _shown(actions.find_guide_map(hospital_id, call.query.campus_id))


@routes.get(
    "/hospitals/{hospital_id}/campuses/{campus_id}/guide-map",
    summary="编辑用的院内导航",
    roles=STAFF,
    reply=GuideMapView,
    problems=(NotFound,),
)
def get_stored_guide_map(call: Call[Any], hospital_id: str, campus_id: str) -> GuideMapView:
    """不经缓存的最新内容与版本号；还没有导航图的院区版本号为 0。修改记录在医院资料里。"""
    return _shown(actions.read_stored_guide_map(hospital_id, campus_id))


@routes.put(
    "/hospitals/{hospital_id}/campuses/{campus_id}/guide-map",
    summary="修改院内导航",
    roles={Role.ADMIN, Role.AGENT},
    body=GuideMapBody,
    reply=GuideMapView,
    versioned=True,
    problems=(NotFound, GuideMapInvalid, PreconditionFailed),
)
def edit_guide_map(call: Call[GuideMapBody], hospital_id: str, campus_id: str) -> GuideMapView:
    """整份替换；没有现场走过的，`verified` 保持为假。"""
    guide = call.body.guide_map(campus_id)
    return _shown(
        actions.edit_guide_map(
            call.tx, hospital_id=hospital_id, guide=guide, version=call.if_match, actor=call.caller.subject
        )
    )


def _shown(found: tuple[actions.Hospital, actions.Campus, Any, int]) -> GuideMapView:
    hospital, campus, guide, version = found
    return GuideMapView.of(hospital, campus, guide, version, actions.departments_at(hospital, campus.campus_id))
