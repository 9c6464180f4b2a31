"""The directory, open to everybody; each read is one query or one that the process keeps for a minute. Its editing."""

from typing import Any

from functions.hospitals import actions
from functions.hospitals.api.declared import routes
from functions.hospitals.rules import City, DirectoryInvalid
from functions.hospitals.schemas.directory import (
    CityBody,
    CityList,
    CityView,
    HospitalBody,
    HospitalLine,
    HospitalQuery,
    HospitalView,
    StoredCity,
    StoredHospital,
)
from functions.shared.caller import STAFF, Role
from functions.shared.errors import FieldError, NotFound, PreconditionFailed
from functions.shared.http import PUBLIC, Call, Page, decode_cursor, encode_cursor


@routes.get("/cities", summary="已开通的城市", roles=PUBLIC, reply=CityList)
def list_cities(call: Call[Any]) -> CityList:
    """按行政区划代码排序。"""
    return CityList(items=[CityView.of(city) for city in actions.list_cities()])


@routes.put(
    "/cities/{code}",
    summary="开通或修改城市",
    roles={Role.ADMIN},
    body=CityBody,
    reply=StoredCity,
    versioned=True,
    problems=(DirectoryInvalid, PreconditionFailed),
)
def edit_city(call: Call[CityBody], code: str) -> StoredCity:
    """新开通时版本号写 0。城市档次决定套餐价格。"""
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise DirectoryInvalid(errors=(FieldError("code", "应为六位行政区划代码"),))
    city = City(code=code, name=call.body.name.strip(), tier=call.body.tier)
    version = actions.edit_city(call.tx, city, version=call.if_match, actor=call.caller.subject)
    return StoredCity(code=code, name=city.name, tier=city.tier, version=version)


@routes.get("/hospitals", summary="一个城市的医院", roles=PUBLIC, query=HospitalQuery, reply=Page[HospitalLine])
def list_hospitals(call: Call[Any]) -> Page[HospitalLine]:
    """未开通的城市得到空列表。"""
    query: HospitalQuery = call.query
    lines, last = actions.list_hospitals(city=query.city, limit=query.limit, after=decode_cursor(query.cursor))
    return Page(items=[HospitalLine.of(line) for line in lines], next_cursor=encode_cursor(last))


@routes.get(
    "/hospitals/{hospital_id}", summary="医院的院区与科室", roles=PUBLIC, reply=HospitalView, problems=(NotFound,)
)
def get_hospital(call: Call[Any], hospital_id: str) -> HospitalView:
    """资料最多滞后一分钟。"""
    return HospitalView.of(actions.find_hospital(hospital_id))


@routes.get(
    "/hospitals/{hospital_id}/stored",
    summary="编辑用的医院资料",
    roles=STAFF,
    reply=StoredHospital,
    problems=(NotFound,),
)
def get_stored_hospital(call: Call[Any], hospital_id: str) -> StoredHospital:
    """不经缓存的最新资料、版本号，以及最近五十次修改。"""
    hospital, version = actions.read_stored_hospital(hospital_id)
    return StoredHospital.of(hospital, version, actions.list_hospital_edits(hospital_id))


@routes.put(
    "/hospitals/{hospital_id}",
    summary="新增或修改医院",
    roles={Role.ADMIN},
    body=HospitalBody,
    reply=StoredHospital,
    versioned=True,
    problems=(DirectoryInvalid, PreconditionFailed),
)
def edit_hospital(call: Call[HospitalBody], hospital_id: str) -> StoredHospital:
    """整份替换；新增时版本号写 0。各进程一分钟内看到新资料，已下的订单不受影响。"""
    hospital = call.body.hospital(hospital_id)
    version = actions.edit_hospital(call.tx, hospital, version=call.if_match, actor=call.caller.subject)
    return StoredHospital.of(hospital, version, [])
