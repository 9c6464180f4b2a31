"""An order over HTTP, each effect checked: signing in, choosing, paying, and the companion who takes it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from functions.accounts.rules.identity import check_digit
from functions.shared.clock import CHINA, now
from functions.shared.money import yuan
from functions.shared.workdays import is_working_day
from infra.local.demo_stage import Stage, expect, require
from infra.local.seeding import STAFF, companion_numbers, companion_openid

CITY, HOSPITAL, DEPARTMENT = "110000", "hos_pumch", "oncology"
CONSENTS = ("service_agreement", "privacy_policy", "sensitive_information")
_DAYS_AHEAD = 60
_FIRST_HOUR, _HALF_HOURS = 8, 16


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in."""

    account_id: str
    token: str
    openid: str = ""


@dataclass
class Order:
    """An order on its way, with everything about it that a check needs."""

    client: Person
    patient_id: str
    quote: dict[str, Any]
    candidates: list[dict[str, Any]]
    placed: dict[str, Any]
    payment: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.placed["order_id"])

    @property
    def total_fen(self) -> int:
        return int(self.placed["price"]["total_fen"])

    @property
    def companion_id(self) -> str:
        return str(self.placed["companion_id"])


# signing in and looking around ---------------------------------------------------------------------------------------
def sign_in_client(stage: Stage, *, told: bool = True) -> Person:
    """A new WeChat user signs in."""
    if told:
        stage.story.step("王小雨用微信登录")
    openid = f"op-client-{secrets.token_hex(4)}"
    person = sign_in(stage, openid, "client", quiet=not told)
    if told:
        code = _login_code(stage, openid)
        body = {"code": code, "as": "client"}
        expect(stage.api.request("POST", "/sessions/wechat", body, quiet=True), 201, "微信登录")
        again = stage.api.request("POST", "/sessions/wechat", body)
        require(again.status >= 400, "同一个微信登录 code 用了两次，第二次本应被拒绝")
    return person


def sign_in(stage: Stage, openid: str, role: str, *, quiet: bool = False) -> Person:
    """Somebody whom WeChat knows signs in, in one of their roles."""
    body = {"code": _login_code(stage, openid), "as": role}
    session = expect(stage.api.request("POST", "/sessions/wechat", body, quiet=quiet), 201, "微信登录")
    require(role in session["roles"], f"登录后的身份里没有 {role}")
    return Person(session["account_id"], session["access_token"], openid)


def _login_code(stage: Stage, openid: str) -> str:
    answer = stage.wechat.request("POST", "/_control/login-codes", {"openid": openid}, quiet=True)
    return str(expect(answer, 200, "向微信替身要登录 code")["code"])


def sign_in_staff(stage: Stage, username: str) -> str:
    """The token of a member of staff; kept for the story."""
    if username not in stage.tokens:
        password = next(row[3] for row in STAFF if row[1] == username)
        body = {"username": username, "password": password}
        session = expect(stage.api.request("POST", "/sessions/staff", body), 201, "运营人员登录")
        stage.tokens[username] = session["access_token"]
    return stage.tokens[username]


def add_father(stage: Stage, client: Person, *, told: bool = True) -> str:
    """The client's father as patient, with his consents; returns the patient's id."""
    if told:
        stage.story.step("她把父亲加为就诊人，逐项同意；身份证号加密保存，只显示脱敏值")
    born = date(1958, 3, 5)
    first_17 = f"110101{born:%Y%m%d}{secrets.randbelow(500) * 2 + 1:03d}"
    id_number = first_17 + check_digit(first_17)
    body = {
        "name": "王建国",
        "birth_date": born.isoformat(),
        "gender": "male",
        "relation": "parent",
        "id_number": id_number,
        "phone": "13800138000",
        "consents": [{"purpose": purpose, "document_version": "2026-03"} for purpose in CONSENTS],
    }
    patient = expect(
        stage.api.request("POST", "/patients", body, token=client.token, quiet=not told), 201, "添加就诊人"
    )
    if told:
        require(id_number not in str(patient), "应答里出现了完整的身份证号")
        path = f"/patients/{patient['patient_id']}/consents"
        consents = expect(stage.api.request("GET", path, token=client.token), 200, "查看知情同意")["items"]
        require({each["purpose"] for each in consents} == set(CONSENTS), "知情同意没有全部留下记录")
        stage.story.note(
            f"{patient['name_masked']}，{patient['age']} 岁，身份证 {patient['id_number_masked']}，三项同意已留痕"
        )
    return str(patient["patient_id"])


def browse(stage: Stage) -> dict[str, Any]:
    """The directory and the price list; returns the hospital."""
    stage.story.step("她看北京的医院、科室、套餐和可勾选的服务（不用登录也能看）")
    cities = expect(stage.api.request("GET", "/cities"), 200, "城市列表")["items"]
    require(any(city["code"] == CITY for city in cities), "城市列表里没有北京")
    listed = expect(stage.api.request("GET", f"/hospitals?city={CITY}"), 200, "医院列表")["items"]
    require(any(each["hospital_id"] == HOSPITAL for each in listed), "北京的医院里没有协和医院")
    hospital: dict[str, Any] = expect(stage.api.request("GET", f"/hospitals/{HOSPITAL}"), 200, "医院详情")
    packages = expect(stage.api.request("GET", f"/packages?hospital_id={HOSPITAL}"), 200, "套餐列表")["items"]
    prices = {each["package_id"]: each["price_fen"] for each in packages}
    require(prices.get("deep") == 32_000, "深度陪诊在一线城市应为 ¥320.00")
    special = expect(stage.api.request("GET", "/special-requests"), 200, "定制需求列表")["items"]
    require(any(each["special_request_id"] == "wheelchair" for each in special), "定制需求里没有轮椅协助")
    insurance = expect(stage.api.request("GET", "/insurance-options"), 200, "保险选项")["items"]
    require([each["premium_fen"] for each in insurance] == [500], "保险应为 ¥5.00")
    stage.story.note("、".join(f"{each['name']} {yuan(each['price_fen'])}" for each in packages))
    return hospital


# the order -----------------------------------------------------------------------------------------------------------
def order_companion(stage: Stage, client: Person, patient_id: str) -> Order:
    """Quote, ranked companions, order."""
    stage.story.step("她询价：深度陪诊 + 轮椅 + 保险 ¥5，得到逐项报价")
    quote = quote_visit(stage, client, patient_id)
    items = quote["items"]
    require(
        sum(item["amount_fen"] for item in items) == quote["total_fen"] == 32_500, "报价明细与合计不符，应为 ¥325.00"
    )
    for item in items:
        stage.story.note(f"{item['title']} {yuan(item['amount_fen'])}")
    stage.story.step("她看匹配到的陪诊师，每位都说明排在这里的理由")
    candidates = match(stage, client, quote)
    scores = [each["score"] for each in candidates]
    require(scores == sorted(scores, reverse=True), "陪诊师没有按匹配度排序")
    require(all(each["reasons"] for each in candidates), "有陪诊师没有给出推荐理由")
    for each in candidates[:3]:
        stage.story.note(f"{each['name']}（{each['score']} 分）：{'；'.join(each['reasons'])}")
    stage.story.step(f"她选 {candidates[0]['name']} 下单：时段为她保留，等待付款")
    order = place(stage, client, patient_id, quote, candidates)
    until = datetime.fromisoformat(order.placed["hold_expires_at"])
    stage.story.note(f"订单 {order.id}，{order.placed['state_title']}，保留到 {until:%H:%M:%S}")
    return order


def quote_visit(stage: Stage, client: Person, patient_id: str, *, quiet: bool = False) -> dict[str, Any]:
    """A quote for a morning or afternoon within the next weeks; every story takes its own."""
    body = {
        "patient_id": patient_id,
        "hospital_id": HOSPITAL,
        "department_id": DEPARTMENT,
        "condition_type": "oncology_recovery",
        "package_id": "deep",
        "starts_at": _some_slot().isoformat(),
        "special_requests": ["wheelchair"],
        "insurance": True,
    }
    answer = stage.api.request("POST", "/quotes", body, token=client.token, quiet=quiet)
    quote: dict[str, Any] = expect(answer, 201, "询价")
    return quote


def match(stage: Stage, client: Person, quote: Mapping[str, Any], *, quiet: bool = False) -> list[dict[str, Any]]:
    """Companions for the quote; right after seeding they are still on their way to the matching index."""
    return look_for_companions(stage, client, quote, quiet=quiet) or stage.wait_for(
        lambda: look_for_companions(stage, client, quote, quiet=True) or None, "没有匹配到任何陪诊师", patience_s=90
    )


def look_for_companions(
    stage: Stage, client: Person, quote: Mapping[str, Any], *, quiet: bool = False
) -> list[dict[str, Any]]:
    """The first page of companions for the quote, empty if nobody is free at its time."""
    path = f"/quotes/{quote['quote_id']}/companions"
    answer = stage.api.request("GET", path, token=client.token, quiet=quiet)
    found: list[dict[str, Any]] = expect(answer, 200, "匹配陪诊师")["items"]
    return found


def place(
    stage: Stage,
    client: Person,
    patient_id: str,
    quote: Mapping[str, Any],
    candidates: list[dict[str, Any]],
    *,
    quiet: bool = False,
) -> Order:
    """The order with the first companion; the same submission sent twice is one order."""
    body = {"quote_id": quote["quote_id"], "companion_id": candidates[0]["companion_id"]}
    key = secrets.token_hex(16)
    first = stage.api.request("POST", "/orders", body, token=client.token, key=key, quiet=quiet)
    placed = expect(first, 201, "下单")
    require(placed["state"] == "awaiting_payment", f"新订单应等待付款，却是 {placed['state']}")
    if not quiet:
        again = stage.api.request("POST", "/orders", body, token=client.token, key=key)
        same = again.status == 201 and again.body == placed and again.headers.get("idempotency-replayed") == "true"
        require(same, "同一次提交重发，没有得到同一个订单")
    return Order(client, patient_id, dict(quote), candidates, placed)


def _some_slot() -> datetime:
    """Half past or full hour of some working day in China, when nothing is added to the price."""
    first = now().astimezone(CHINA).replace(hour=_FIRST_HOUR, minute=0, second=0, microsecond=0)
    days = [first + timedelta(days=1 + ahead) for ahead in range(_DAYS_AHEAD)]
    day = secrets.choice([day for day in days if is_working_day(day.date())])
    return day + timedelta(minutes=30 * secrets.randbelow(_HALF_HOURS))


# paying --------------------------------------------------------------------------------------------------------------
def start_payment(stage: Stage, order: Order, *, quiet: bool = False) -> None:
    """Place the payment at the provider."""
    path = f"/orders/{order.id}/payments"
    answer = stage.api.request("POST", path, {"method": "jsapi"}, token=order.client.token, quiet=quiet)
    order.payment = expect(answer, 201, "发起支付")
    require(order.payment["amount_fen"] == order.total_fen, "支付金额与订单不符")


def pay_at_provider(stage: Stage, order: Order, *, quiet: bool = False) -> None:
    """The client confirms in WeChat, with exactly what the mini program was given."""
    body = {**order.payment["jsapi"], "openid": order.client.openid}
    answer = expect(stage.pay.request("POST", "/_control/pay", body, quiet=quiet), 200, "在微信里付款")
    require(answer["trade_state"] == "SUCCESS", "微信支付替身没有收下这笔钱")


def misbehave(stage: Stage, order: Order, **wishes: Any) -> None:
    """Have the payment stand-in misbehave about this order's payment."""
    body = {"out_trade_no": order.payment["payment_id"], **wishes}
    expect(stage.pay.request("POST", "/_control/misbehave", body, quiet=True), 200, "让微信支付替身出错")


def order_in(stage: Stage, order: Order, states: set[str]) -> dict[str, Any] | None:
    """The order if it is in one of these states."""
    answer = stage.api.request("GET", f"/orders/{order.id}", token=order.client.token, quiet=True)
    seen: dict[str, Any] = expect(answer, 200, "查看订单")
    return seen if seen["state"] in states else None


def pay(stage: Stage, order: Order) -> None:
    """She pays; the provider notifies three times."""
    stage.story.step("她付款：微信支付把签名加密的通知发了三遍，订单只入账一次")
    start_payment(stage, order)
    misbehave(stage, order, notify_times=3)
    pay_at_provider(stage, order)
    missing = "付款后订单没有变为已付款"
    stage.wait_for(lambda: order_in(stage, order, {"paid", "dispatching", "assigned"}), missing)
    payment_id = order.payment["payment_id"]
    payment = expect(stage.api.request("GET", f"/payments/{payment_id}", token=order.client.token), 200, "查询支付")
    require(payment["state"] == "succeeded", "支付单没有成功")
    stage.wait_for(lambda: notifications(stage, order, 3), "微信支付替身没有发满三遍通知")


def notifications(stage: Stage, order: Order, count: int) -> list[dict[str, Any]] | None:
    """The deliveries about the order's payment that we accepted, if there are so many."""
    state = expect(stage.pay.request("GET", "/_control/state", quiet=True), 200, "查看微信支付替身")
    about = [each for each in state["notifications"] if each["out_trade_no"] == order.payment["payment_id"]]
    accepted = [one for each in about for one in each["tries"] if one.get("status") in (200, 204)]
    return accepted if len(accepted) >= count else None


def check_cover_and_books(stage: Stage, order: Order) -> None:
    """The policy is issued, the ledger booked once."""
    stage.story.step("保单已出；财务在账本里看到这笔钱，借贷相等，且只有一笔")
    path = f"/orders/{order.id}/policy"

    def find() -> dict[str, Any] | None:
        answer = stage.api.request("GET", path, token=order.client.token, quiet=True)
        return answer.body if answer.status == 200 else None

    stage.wait_for(find, "付款后没有出保单")
    policy = expect(stage.api.request("GET", path, token=order.client.token), 200, "查看保单")
    stage.story.note(f"{policy['product_name']}，保费 {yuan(policy['premium_fen'])}，{policy['policy_id']}")
    transactions = balanced_ledger(stage, order)
    received = [each for each in transactions if "payment" in each["event"]]
    require(len(received) == 1, f"这笔付款应当只入账一次，账本里有 {len(received)} 笔")


def balanced_ledger(stage: Stage, order: Order) -> list[dict[str, Any]]:
    """The order's transactions, each of which sums to zero."""
    token = sign_in_staff(stage, "finance")
    path = f"/orders/{order.id}/ledger"
    transactions: list[dict[str, Any]] = expect(stage.api.request("GET", path, token=token), 200, "查看账目")[
        "transactions"
    ]
    for each in transactions:
        require(sum(line["amount_fen"] for line in each["postings"]) == 0, f"账目 {each['event']} 合计不为零")
    return transactions


# the companion -------------------------------------------------------------------------------------------------------
def accept(stage: Stage, order: Order) -> Person:
    """The companion takes the order."""
    name = order.candidates[0]["name"]
    stage.story.step(f"{name}收到派单，接单")
    companion = sign_in(stage, companion_openid(companion_numbers()[order.companion_id]), "companion")

    def open_offer() -> dict[str, Any] | None:
        offers = expect(stage.api.request("GET", "/offers", token=companion.token, quiet=True), 200, "查看派单")[
            "items"
        ]
        return next((each for each in offers if each["order_id"] == order.id and each["state"] == "open"), None)

    offer = stage.wait_for(open_offer, f"{name}没有收到派单")
    stage.story.note(f"{offer['hospital_name']} {offer['department_name']}，完成后可得 {yuan(offer['share_fen'])}")
    path = f"/offers/{offer['offer_id']}/accept"
    expect(stage.api.request("POST", path, token=companion.token), 200, "接单")
    stage.wait_for(lambda: order_in(stage, order, {"assigned"}), "接单后订单没有确认")
    return companion


def find_notice(stage: Stage, order: Order, code: str) -> dict[str, Any] | None:
    """The client's notice of this kind about the order."""
    listed = expect(
        stage.api.request("GET", "/notices?limit=50", token=order.client.token, quiet=True), 200, "查看通知"
    )
    return next((each for each in listed["items"] if (each["code"], each["order_id"]) == (code, order.id)), None)
