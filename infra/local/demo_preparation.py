"""Before the visit over HTTP, each effect checked: the timetable, the checklist, the way to the department."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.local.demo_order import Order, find_notice
from infra.local.demo_stage import Stage, expect, require


def prepare(stage: Stage, order: Order) -> None:
    """Timetable, checklist, the way around inside, the reminder."""
    stage.story.step("她看到行程表；勾选就医清单；院内导航可以在高德、腾讯地图里打开；收到就诊提醒")
    path, token = f"/orders/{order.id}", order.client.token
    entries = expect(stage.api.request("GET", f"{path}/itinerary", token=token), 200, "行程表")["entries"]
    begins = [datetime.fromisoformat(entry["starts_at"]) for entry in entries]
    require(len(entries) >= 5 and begins == sorted(begins), "行程表是空的，或没有按时间排列")
    stage.story.note("，".join(f"{entry['starts_at'][11:16]} {entry['title']}" for entry in entries[:5]) + " …")
    _tick_checklist(stage, order)
    way = expect(stage.api.request("GET", f"{path}/guide-map", token=token), 200, "院内导航")
    _check_way(stage, way)
    notice = stage.wait_for(lambda: find_notice(stage, order, "visit_reminder_24h"), "没有收到就诊提醒")
    stage.story.note(f"通知：{notice['title']}")


def _tick_checklist(stage: Stage, order: Order) -> None:
    path, token = f"/orders/{order.id}/checklist", order.client.token
    listed = expect(stage.api.request("GET", path, token=token), 200, "就医清单")
    require(bool(listed["items"]) and listed["ready_count"] == 0, "就医清单是空的，或一开始就已勾选")
    first = listed["items"][0]
    ticked = stage.api.request("POST", f"{path}/{first['code']}", {"ready": True}, token=token)
    expect(ticked, 200, "勾选清单")
    after = expect(stage.api.request("GET", path, token=token, quiet=True), 200, "就医清单")
    require(after["ready_count"] == 1, "勾选就医清单没有生效")
    stage.story.note("带上：" + "、".join(item["title"] for item in listed["items"][:5]) + " …")
    stage.story.note(f"已备好：{first['title']}（{after['ready_count']}/{len(after['items'])}）")


def _check_way(stage: Stage, way: Mapping[str, Any]) -> None:
    kinds = {place["kind"] for place in way["places"]}
    require({"entrance", "registration", "toilet", "elevator"} <= kinds, "院内导航缺少出入口、窗口、卫生间或电梯")
    require(bool(way["accessible_routes"]), "院内导航没有无障碍路线")
    links = way["links"]
    require(links["amap"].startswith("https://uri.amap.com/"), "高德地图的链接不对")
    require(links["tencent"].startswith("https://apis.map.qq.com/uri/"), "腾讯地图的链接不对")
    stage.story.note(f"去 {way['building']} {way['floor']} {way['department_name']}；{way['note']}")
    stage.story.note(f"无障碍：{'；'.join(route['name'] for route in way['accessible_routes'])}")
    stage.story.note(links["amap"])
