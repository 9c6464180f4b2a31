"""The HTTP side of the WeChat stand-in, and its page."""

import io
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import segno
from flask import Flask, Response, jsonify, request

from infra.local.standins.journal import Journal, Record
from infra.local.standins.keys import WeChatKeys
from infra.local.standins.page import Card, Section, local_time, render
from infra.local.standins.serving import (
    ControlRefused,
    control_body,
    count_of,
    json_object,
    seconds_of,
    text_of,
    with_common_routes,
)
from infra.local.standins.wechat.office import Office, Refused
from infra.local.standins.wechat.pushing import Pusher

SHOWN: Final = 50
_API_PREFIXES: Final = ("/sns/", "/cgi-bin/", "/wxa/")
_FAULT_FIELDS: Final = ("path", "errcode", "http_status", "delay_s", "times")
_OPERATIONS: Final = {
    "/sns/jscode2session": "登录",
    "/cgi-bin/stable_token": "取调用凭证",
    "/wxa/business/getuserphonenumber": "取手机号",
    "/cgi-bin/message/subscribe/send": "发订阅消息",
    "/wxa/msg_sec_check": "文本审核",
    "/wxa/media_check_async": "图片和语音审核",
    "message push": "消息推送",
    "/wxa/getwxacodeunlimit": "生成小程序码",
}


class _Faults:
    """Misbehaviour still to come, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[dict[str, Any]] = []

    def add(self, fault: dict[str, Any]) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, path: str) -> dict[str, Any]:
        """What to do wrong with this call; empty if nothing."""
        with self._lock:
            for fault in self._waiting:
                if fault["path"] in (path, "*"):
                    fault["times"] -= 1
                    if fault["times"] < 1:
                        self._waiting.remove(fault)
                    return dict(fault)
        return {}


def create_app(journal: Journal, keys: WeChatKeys, clock: Callable[[], datetime]) -> Flask:
    """The stand-in as a Flask application; `journal` holds its state."""
    app = Flask(__name__)
    office = Office(journal, keys, clock)
    pusher = Pusher(journal, keys, clock)
    faults = _Faults()
    with_common_routes(app, journal)
    _add_errors_and_faults(app, journal, faults)
    _add_sign_in(app, office)
    _add_authorised(app, office)
    _add_media_check(app, office, pusher)
    _add_user_control(app, office)
    _add_fault_control(app, office, faults)

    @app.get("/")
    def page() -> str:
        return render("微信（替身）", f"小程序 {keys.app_id}，仅供本机测试", _sections(office, journal))

    return app


def _add_errors_and_faults(app: Flask, journal: Journal, faults: _Faults) -> None:
    @app.before_request
    def misbehave() -> Response | None:
        if not request.path.startswith(_API_PREFIXES):
            return None
        fault = faults.take(request.path)
        time.sleep(fault.get("delay_s", 0))
        if fault.get("http_status"):
            journal.note(request.path, http_status=fault["http_status"])
            return Response("upstream error", fault["http_status"], content_type="text/plain")
        if fault.get("errcode"):
            raise Refused(fault["errcode"], "system error")
        return None

    @app.errorhandler(Refused)
    def refused(refusal: Refused) -> Response:
        return jsonify({"errcode": refusal.errcode, "errmsg": f"{refusal.errmsg} rid: stand-in"})

    @app.after_request
    def log(response: Response) -> Response:
        if request.path.startswith(_API_PREFIXES) and response.status_code == 200:
            answer = response.get_json(silent=True) or {}
            journal.note(request.path, errcode=answer.get("errcode", 0), errmsg=answer.get("errmsg", "ok"))
        return response


def _add_sign_in(app: Flask, office: Office) -> None:
    @app.get("/sns/jscode2session")
    def sign_in() -> Response:
        office.check_app(request.args.get("appid"), request.args.get("secret"))
        if request.args.get("grant_type") != "authorization_code":
            raise Refused(40002, "invalid grant_type")
        return jsonify(office.session(request.args.get("js_code", "")))

    @app.post("/cgi-bin/stable_token")
    def stable_token() -> Response:
        body = _body()
        if body.get("grant_type") != "client_credential":
            raise Refused(40002, "invalid grant_type")
        office.check_app(body.get("appid"), body.get("secret"))
        return jsonify(office.token(force=body.get("force_refresh") is True))


def _add_authorised(app: Flask, office: Office) -> None:
    @app.post("/wxa/business/getuserphonenumber")
    def phone_number() -> Response:
        body = _authorised_body(office)
        return _ok({"phone_info": office.phone(str(body.get("code")))})

    @app.post("/cgi-bin/message/subscribe/send")
    def send() -> Response:
        office.send(_authorised_body(office))
        return _ok({})

    @app.post("/wxa/msg_sec_check")
    def moderate() -> Response:
        return _ok(office.moderate(_authorised_body(office)))

    @app.post("/wxa/getwxacodeunlimit")
    def mini_code() -> Response:
        body = _authorised_body(office)
        scene, page = office.check_scene(body.get("scene"), body.get("page", "pages/index/index"))
        picture = io.BytesIO()
        segno.make(f"weixin://miniprogram/{page}?scene={scene}", micro=False, error="m").save(
            picture, kind="png", scale=8, border=4
        )
        return Response(picture.getvalue(), content_type="image/png")


def _add_media_check(app: Flask, office: Office, pusher: Pusher) -> None:
    @app.post("/wxa/media_check_async")
    def check_media() -> Response:
        body = _authorised_body(office)
        office.check_media(body)
        return _ok({"trace_id": pusher.check(body)})

    @app.post("/_control/push-url")
    def set_push_url() -> Response:
        pusher.set_url(text_of(control_body(("url",)), "url"))
        return jsonify({})

    @app.post("/_control/media-verdicts")
    def set_verdict() -> Response:
        suggest = text_of(control_body(("suggest",)), "suggest")
        if suggest not in ("pass", "review", "risky"):
            raise ControlRefused(400, "FIELD_INVALID", "字段 suggest 应为 pass、review 或 risky")
        pusher.set_verdict(suggest)
        return jsonify({})

    @app.get("/_control/media-checks")
    def media_checks() -> Response:
        return jsonify({"checks": pusher.checks()})


def _add_user_control(app: Flask, office: Office) -> None:
    @app.post("/_control/login-codes")
    def login_code() -> Response:
        body = control_body(("openid", "nickname", "unionid"))
        return jsonify(office.make_login_code(body.get("openid"), body.get("nickname"), body.get("unionid")))

    @app.post("/_control/phone-codes")
    def phone_code() -> Response:
        body = control_body(("phone", "country_code"))
        return jsonify({"code": office.make_phone_code(text_of(body, "phone"), body.get("country_code", "86"))})

    @app.post("/_control/subscriptions")
    def subscribe() -> Response:
        body = control_body(("openid", "template_id", "count"))
        granted = office.grant(text_of(body, "openid"), text_of(body, "template_id"), count_of(body, "count", 1))
        return jsonify({"credits": granted})

    @app.post("/_control/templates")
    def add_template() -> Response:
        body = control_body(("template_id", "title", "keys"))
        keys = body.get("keys")
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
            raise ControlRefused(400, "FIELD_INVALID", "字段 keys 应为非空的字符串列表")
        office.add_template(text_of(body, "template_id"), text_of(body, "title"), keys)
        return jsonify({})

    @app.get("/_control/messages")
    def messages() -> Response:
        openid = request.args.get("openid")
        return jsonify({"messages": [m for m in office.messages() if openid in (None, m["openid"])]})


def _add_fault_control(app: Flask, office: Office, faults: _Faults) -> None:
    @app.post("/_control/expire-tokens")
    def expire_tokens() -> Response:
        refused_as = control_body(("as",)).get("as", 42001)
        if refused_as not in (40001, 42001):
            raise ControlRefused(400, "FIELD_INVALID", "字段 as 应为 40001 或 42001")
        office.expire_tokens(refused_as)
        return jsonify({})

    @app.post("/_control/misbehave")
    def misbehave() -> Response:
        body = control_body(_FAULT_FIELDS)
        errcode = body.get("errcode", 0)
        if type(errcode) is not int:
            raise ControlRefused(400, "FIELD_INVALID", "字段 errcode 应为整数")
        faults.add(
            {
                "path": text_of(body, "path"),
                "errcode": errcode,
                "http_status": count_of(body, "http_status", 0),
                "delay_s": seconds_of(body, "delay_s"),
                "times": count_of(body, "times", 1),
            }
        )
        return jsonify({})

    @app.post("/_control/behave")
    def behave() -> Response:
        control_body(())
        faults.clear()
        return jsonify({})


def _body() -> Record:
    try:
        return json_object()
    except ControlRefused:
        raise Refused(47001, "data format error") from None


def _authorised_body(office: Office) -> Record:
    office.check_token(request.args.get("access_token"))
    return _body()


def _ok(content: Record) -> Response:
    return jsonify({"errcode": 0, "errmsg": "ok", **content})


def _sections(office: Office, journal: Journal) -> list[Section]:
    messages = [
        Card(
            title=message["title"],
            badge="已送达",
            tone="good",
            lines=[
                ("收件人", f"{office.user(message['openid'])['nickname']}（{message['openid']}）"),
                *message["data"].items(),
                ("打开", message["page"] or "首页"),
                ("时间", local_time(message["at"])),
            ],
        )
        for message in office.messages()[:SHOWN]
    ]
    users = [Card(title=user["nickname"], lines=[("openid", user["openid"])]) for user in office.users()[:SHOWN]]
    return [
        Section("订阅消息", "还没有发出消息", messages),
        Section("用户", "还没有人打开小程序", users),
        Section("请求", "还没有收到请求", [_entry(entry) for entry in journal.log()[:SHOWN]]),
    ]


def _entry(entry: Record) -> Card:
    failed = entry.get("errcode") or entry.get("http_status")
    lines = [("时间", local_time(entry["at"])), ("接口", entry["what"])]
    if entry.get("errcode"):
        lines.append(("说明", entry["errmsg"]))
    return Card(
        title=_OPERATIONS.get(entry["what"]) or entry["what"],
        badge=str(failed) if failed else "成功",
        tone="bad" if failed else "good",
        lines=lines,
    )
