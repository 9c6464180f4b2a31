"""The visit day over HTTP, each effect checked: the guest who follows it, the report, the income, the insurer."""

from collections.abc import Mapping
from typing import Any

from functions.shared.clock import now
from functions.shared.money import yuan
from infra.local.demo_order import Order, Person, balanced_ledger, order_in, sign_in_staff
from infra.local.demo_stage import Live, Stage, expect, require

_JPEG = b"\xff\xd8\xff\xe0"
"""How a JPEG file begins; what follows is told apart by its hash alone."""


def share(stage: Stage, order: Order) -> Person:
    """The client shares a link; a family member opens it without an account."""
    stage.story.step("她把进度分享给妹妹：凭链接查看，一天后失效，随时可撤回")
    body = {"order_id": order.id, "scopes": ["progress", "position", "report"], "expires_in_h": 24, "label": "妹妹"}
    access = expect(stage.api.request("POST", "/guest-accesses", body, token=order.client.token), 201, "分享订单")
    session = expect(stage.api.request("POST", "/sessions/guest", {"token": access["token"]}), 201, "家属打开链接")
    guest = Person(session["account_id"], session["access_token"])
    refused = stage.api.request("GET", f"/orders/{order.id}", token=guest.token)
    require(refused.status == 403, "访客不该能打开订单本身")
    return guest


# the visit -----------------------------------------------------------------------------------------------------------
def attend(stage: Stage, order: Order, companion: Person, guest: Person, hospital: Mapping[str, Any]) -> None:
    """The visit day, watched by the family member."""
    path = visit_path(order)

    def scheduled() -> dict[str, Any] | None:
        answer = stage.api.request("GET", path, token=companion.token, quiet=True)
        return answer.body if answer.status == 200 else None

    seen = stage.wait_for(scheduled, "接单后没有生成陪诊")
    live = _follow(stage, order, guest)
    campus = next(each for each in hospital["campuses"] if each["campus_id"] == order.placed["campus_id"])
    stage.story.step("就诊当天：陪诊师出发，妹妹在手机上只看到一块大致区域")
    record(stage, order, companion, "departed")
    _report_position(stage, order, companion, guest, campus)
    if live:
        stage.wait_for(lambda: live.of("visit.position") or None, "实时通道没有收到位置区域")
    stage.story.step("陪诊师到院打卡：离医院三公里时被拒绝，在院区内成功；之后逐个记录节点")
    _check_in(stage, order, companion, campus)
    for step in seen["milestones"][1:]:
        if step["check_in"] == "geofence" and step["code"] != "arrived":
            check_in(stage, order, companion, step["code"], campus)
        photo = photograph(stage, order, companion, step["code"]) if step["check_in"] == "photo" else None
        record(stage, order, companion, step["code"], photo=photo)
    _check_photos(stage, order)
    _check_progress(stage, order, guest, live, count=len(seen["milestones"]))


def visit_path(order: Order) -> str:
    return f"/visits/vis_{order.id.partition('_')[2]}"


def record(stage: Stage, order: Order, companion: Person, code: str, *, photo: str | None = None) -> None:
    """One milestone, with the photo that proves it where the process wants one."""
    body = {"code": code} | ({"photo_file_id": photo} if photo else {})
    answer = stage.api.request("POST", f"{visit_path(order)}/milestones", body, token=companion.token)
    expect(answer, 201, f"记录节点 {code}")


def photograph(stage: Stage, order: Order, companion: Person, code: str) -> str:
    """Without its photo the step is refused; then the photo of a slip is uploaded. Returns the file's id."""
    path = visit_path(order)
    refused = stage.api.request("POST", f"{path}/milestones", {"code": code}, token=companion.token)
    require((refused.status, refused.code) == (409, "photo_missing"), f"没有照片的 {code} 本应被拒绝")
    leave = stage.api.request("POST", f"{path}/uploads", {"content_type": "image/jpeg"}, token=companion.token)
    form = expect(leave, 201, "申请上传照片")
    stage.api.upload(form, _JPEG + f"{order.id} {code}".encode())
    return str(form["file_id"])


def _check_photos(stage: Stage, order: Order) -> None:
    shown = expect(
        stage.api.request("GET", f"{visit_path(order)}/photos", token=order.client.token), 200, "查看照片凭证"
    )
    require(all(photo["url"] for photo in shown["items"]), "照片凭证没有链接")
    if shown["items"]:
        stage.story.note("照片凭证：" + "、".join(photo["title"] for photo in shown["items"]))


def check_in(
    stage: Stage, order: Order, companion: Person, code: str, campus: Mapping[str, Any], *, off_deg: float = 0
) -> dict[str, Any]:
    """An attempt to prove presence, `off_deg` degrees north of the campus."""
    body = {
        "node": code,
        "lat": campus["lat"] + off_deg,
        "lng": campus["lng"],
        "accuracy_m": 20,
        "coordinates": "gcj02",
        "captured_at": now().isoformat(),
    }
    answer = stage.api.request("POST", f"{visit_path(order)}/check-ins", body, token=companion.token)
    verdict: dict[str, Any] = expect(answer, 201, "打卡")
    return verdict


def _check_in(stage: Stage, order: Order, companion: Person, campus: Mapping[str, Any]) -> None:
    far = check_in(stage, order, companion, "arrived", campus, off_deg=0.03)
    require(far["result"] == "refused", "离医院三公里的打卡本应被拒绝")
    stage.story.note(f"{far['message']}，相距 {far['distance_m']} 米")
    near = check_in(stage, order, companion, "arrived", campus)
    require(near["result"] == "accepted", f"在院区内打卡没有成功：{near['message']}")


def _report_position(stage: Stage, order: Order, companion: Person, guest: Person, campus: Mapping[str, Any]) -> None:
    point = {
        "lat": campus["lat"] + 0.021,
        "lng": campus["lng"] - 0.013,
        "accuracy_m": 15,
        "captured_at": now().isoformat(),
    }
    body = {"points": [point], "coordinates": "gcj02"}
    upload = expect(
        stage.api.request("POST", f"{visit_path(order)}/positions", body, token=companion.token), 201, "上传位置"
    )
    require(upload["accepted"] == 1, "上传的位置没有被接受")
    seen = expect(stage.api.request("GET", f"{visit_path(order)}/position", token=guest.token), 200, "家属查看位置")
    require((seen["lat"], seen["lng"]) != (point["lat"], point["lng"]), "家属看到了精确位置")
    require(set(seen) == {"cell", "lat", "lng", "observed_at"}, "家属看到的位置带有多余的内容")
    stage.story.note(f"区域 {seen['cell']}，中心 {seen['lat']:.3f}, {seen['lng']:.3f}")


def _follow(stage: Stage, order: Order, guest: Person) -> Live | None:
    if not stage.live_url:
        return None
    stage.story.step("妹妹打开实时通道，订阅这次陪诊")
    live = Live(stage.live_url, guest.token)
    stage.story.call("WebSocket subscribe")
    live.send({"action": "subscribe", "visit_id": visit_path(order).rpartition("/")[2], "after_sequence": 0})
    stage.wait_for(lambda: live.of("visit.subscribed") or None, "实时通道没有确认订阅")
    return live


def _check_progress(stage: Stage, order: Order, guest: Person, live: Live | None, *, count: int) -> None:
    stage.story.step("妹妹轮询和实时收到的进度一致，次序完整")
    seen = expect(stage.api.request("GET", visit_path(order), token=guest.token), 200, "家属查看进度")
    require((seen["state"], seen["sequence"]) == ("ended", count), "家属看到的进度不完整")
    stage.story.note(" → ".join(step["title"] for step in seen["milestones"] if step["state"] == "recorded"))
    if live is None:
        return

    def complete() -> bool | None:
        heard = {message["sequence"] for message in live.of("visit.progressed")}
        return True if heard >= set(range(1, count + 1)) else None

    stage.wait_for(complete, "实时通道没有收齐全部进度")
    stage.story.note(f"实时收到 {len(live.of('visit.progressed'))} 条进度、{len(live.of('visit.position'))} 条位置区域")
    live.close()


# after the visit -----------------------------------------------------------------------------------------------------
def report(stage: Stage, order: Order, companion: Person, guest: Person) -> None:
    """The report completes the order."""
    stage.story.step("陪诊师提交陪诊报告，订单完成；妹妹凭链接读到报告")
    path = f"{visit_path(order)}/report"
    body = {
        "medical_advice": "两周后复查血常规，按时服药，清淡饮食。",
        "medicines": [{"name": "替吉奥胶囊", "dosage": "40 mg", "usage": "早晚饭后各一次，服两周停一周"}],
        "next_visit": "两周后肿瘤内科复诊",
        "summary": "取号、检查、取报告、回诊均已完成，医生的话已逐条记下。",
    }
    submitted = expect(stage.api.request("POST", path, body, token=companion.token), 201, "提交报告")
    require(submitted["late"] is False, "就诊刚结束，报告不该算迟交")
    read = expect(stage.api.request("GET", path, token=guest.token), 200, "家属查看报告")
    require(read["medical_advice"] == body["medical_advice"], "家属读到的报告与提交的不一致")
    stage.wait_for(lambda: order_in(stage, order, {"completed"}), "提交报告后订单没有完成")


def earn(stage: Stage, order: Order, companion: Person) -> None:
    """The income waits out the complaint window and becomes available."""
    stage.story.step("申诉期过后，收入由待结算变为可提现；每一分钱去了哪里都写明")
    path = f"/earnings/orders/{order.id}"

    def find(state: str) -> dict[str, Any] | None:
        answer = stage.api.request("GET", path, token=companion.token, quiet=True)
        return answer.body if answer.status == 200 and answer.body["state"] in state.split() else None

    stage.wait_for(lambda: find("pending available"), "订单完成后没有生成收入")
    income = stage.wait_for(lambda: find("available"), "申诉期过后收入没有变为可提现")
    expect(stage.api.request("GET", path, token=companion.token), 200, "一单的收入")
    parts = income["share_fen"] + income["commission_fen"] + income["premium_fen"]
    require(parts == income["price_fen"] + income["subsidy_fen"] == order.total_fen, "分成、抽成与保费之和不等于价格")
    stage.story.note(
        f"价格 {yuan(income['price_fen'])} = 分成 {yuan(income['share_fen'])}"
        f" + 平台抽成 {yuan(income['commission_fen'])} + 保费 {yuan(income['premium_fen'])}"
    )
    earnings = expect(stage.api.request("GET", "/earnings", token=companion.token), 200, "我的收入")
    require(earnings["available_fen"] >= income["share_fen"], "可提现余额里没有这一单")
    stage.story.step("账本每笔合计为零，全平台借贷相等")
    for each in balanced_ledger(stage, order):
        stage.story.note(
            f"{each['event']}：" + "，".join(f"{line['title']} {yuan(line['amount_fen'])}" for line in each["postings"])
        )
    trial = expect(
        stage.api.request("GET", "/ledger/trial-balance", token=sign_in_staff(stage, "finance")), 200, "试算平衡"
    )
    require(trial["is_balanced"] and trial["debit_fen"] == trial["credit_fen"], "全平台的账不平")
    stage.story.note(f"借方 {yuan(trial['debit_fen'])} = 贷方 {yuan(trial['credit_fen'])}")


def check_insurer(stage: Stage, order: Order) -> None:
    """The insurer verified our webhook."""
    stage.story.step("保险公司收到并验证了签名的出单通知")
    policy_id = f"pol_{order.id.partition('_')[2]}"

    def received() -> dict[str, Any] | None:
        events = expect(stage.insurer.request("GET", "/_control/events", quiet=True), 200, "查看保险公司替身")["events"]
        return next(
            (each for each in events if each["type"] == "policy.issued" and policy_id in str(each["data"])), None
        )

    event = stage.wait_for(received, "保险公司没有收到 policy.issued")
    stage.story.note(f"{event['type']} {event['id']}，验签通过")
