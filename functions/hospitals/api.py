"""The directory, open to everybody. Each route is one query or one read that the process keeps for a minute."""

from typing import Any

from functions.hospitals import actions
from functions.hospitals.schemas import CityList, CityView, HospitalLine, HospitalQuery, HospitalView
from functions.shared.errors import NotFound
from functions.shared.http import PUBLIC, Call, Page, Routes, decode_cursor, encode_cursor

routes = Routes("hospitals")
bp = routes.blueprint


@routes.get("/cities", summary="已开通的城市", roles=PUBLIC, reply=CityList)
def list_cities(call: Call[Any]) -> CityList:
    """按行政区划代码排序。"""
    return CityList(items=[CityView.of(city) for city in actions.list_cities()])


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
