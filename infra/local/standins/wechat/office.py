"""WeChat's own records: codes, access tokens, consents, messages. Refusals are `errcode` and `errmsg`."""

import base64
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from infra.local.standins.journal import Journal, Record
from infra.local.standins.keys import WeChatKeys
from infra.local.standins.wechat import rules

CODE_LIFE: Final = timedelta(minutes=5)
TOKEN_LIFE: Final = timedelta(seconds=7200)
TOKEN_RENEWED_BEFORE: Final = timedelta(minutes=5)
FORCED_TOKENS_A_DAY: Final = 20
TEXT_MAX: Final = 2500
SCENE_MAX: Final = 32


class Refused(Exception):
    """WeChat's refusal."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode = errcode
        self.errmsg = errmsg


class Office:
    """One mini program's records; every method is one atomic step."""

    def __init__(self, journal: Journal, keys: WeChatKeys, clock: Callable[[], datetime]) -> None:
        self._journal = journal
        self._keys = keys
        self._clock = clock
        self._lock = threading.RLock()

    def make_login_code(self, openid: str | None, nickname: str | None, unionid: str | None) -> Record:
        """The user opens the mini program: `wx.login` gives a code."""
        with self._lock:
            openid = openid or f"o{secrets.token_urlsafe(20)[:27]}"
            known = self._journal.get("user", openid) or {"openid": openid, "nickname": "微信用户", "unionid": None}
            known["nickname"] = nickname or known["nickname"]
            known["unionid"] = unionid or known["unionid"]
            self._journal.put("user", openid, known)
            return {"code": self._make_code("login", openid), "openid": openid}

    def make_phone_code(self, phone: str, country_code: str) -> str:
        """The user allows the mini program to see the phone number."""
        with self._lock:
            return self._make_code("phone", f"{country_code} {phone}")

    def session(self, code: str) -> Record:
        """Spend a login code. Raises Refused."""
        with self._lock:
            openid = self._spend_code("login", code)
            answer = {"openid": openid, "session_key": base64.b64encode(secrets.token_bytes(16)).decode()}
            unionid = (self._journal.get("user", openid) or {}).get("unionid")
            return answer | ({"unionid": unionid} if unionid else {})

    def phone(self, code: str) -> Record:
        """Spend a phone code. Raises Refused."""
        with self._lock:
            country_code, _, number = self._spend_code("phone", code).partition(" ")
        full = number if country_code == "86" else f"+{country_code}{number}"
        return {
            "phoneNumber": full,
            "purePhoneNumber": number,
            "countryCode": country_code,
            "watermark": {"timestamp": int(self._clock().timestamp()), "appid": self._keys.app_id},
        }

    def check_app(self, app_id: object, secret: object) -> None:
        """Raises Refused unless these are the mini program's."""
        if app_id != self._keys.app_id:
            raise Refused(40013, "invalid appid")
        if secret != self._keys.app_secret:
            raise Refused(40125, "invalid appsecret")

    def token(self, *, force: bool) -> Record:
        """The access token in force, or a fresh one. Raises Refused."""
        with self._lock:
            now = self._clock()
            latest = self._journal.get("token", "latest")
            if latest and not force and "refused_as" not in latest:
                expires = datetime.fromisoformat(latest["expires_at"])
                if now < expires - TOKEN_RENEWED_BEFORE:
                    return {"access_token": latest["token"], "expires_in": int((expires - now).total_seconds())}
            if force:
                self._count_forced(now)
            token = secrets.token_urlsafe(64)
            self._journal.put("token", "latest", {"token": token, "expires_at": (now + TOKEN_LIFE).isoformat()})
            return {"access_token": token, "expires_in": int(TOKEN_LIFE.total_seconds())}

    def check_token(self, token: str | None) -> None:
        """Raises Refused unless `token` is the latest and alive."""
        if not token:
            raise Refused(41001, "access_token missing")
        latest = self._journal.get("token", "latest")
        if latest is None or token != latest["token"]:
            raise Refused(40001, "invalid credential, access_token is invalid or not latest")
        if latest.get("refused_as") == 40001:
            raise Refused(40001, "invalid credential, access_token is invalid or not latest")
        if "refused_as" in latest or self._clock() >= datetime.fromisoformat(latest["expires_at"]):
            raise Refused(42001, "access_token expired")

    def expire_tokens(self, refused_as: int) -> None:
        """From now on refuse the token that is out there."""
        with self._lock:
            latest = self._journal.get("token", "latest")
            if latest:
                self._journal.put("token", "latest", {**latest, "refused_as": refused_as})

    def add_template(self, template_id: str, title: str, keys: list[str]) -> None:
        """The merchant's template as chosen on the mini program's platform."""
        self._journal.put("template", template_id, {"template_id": template_id, "title": title, "keys": keys})

    def grant(self, openid: str, template_id: str, count: int) -> int:
        """The user accepts `count` messages; the number still unspent."""
        with self._lock:
            credits_left = self._credits(openid, template_id) + count
            self._journal.put("credit", f"{openid} {template_id}", {"credits": credits_left})
            return credits_left

    def send(self, body: Record) -> None:
        """Deliver a subscribe message and spend a consent. Raises Refused."""
        with self._lock:
            openid, template_id = str(body.get("touser")), str(body.get("template_id"))
            if self._journal.get("user", openid) is None:
                raise Refused(40003, "invalid openid")
            template = self._journal.get("template", template_id)
            data = body.get("data")
            broken = rules.broken_value(data if isinstance(data, dict) else {}, template["keys"] if template else None)
            if broken:
                raise Refused(47003, f"argument invalid! {broken}")
            credits_left = self._credits(openid, template_id)
            if credits_left < 1:
                raise Refused(43101, "user refuse to accept the msg")
            self._journal.put("credit", f"{openid} {template_id}", {"credits": credits_left - 1})
            message = {
                "openid": openid,
                "template_id": template_id,
                "title": template["title"] if template else "订阅消息",
                "page": body.get("page", ""),
                "data": {key: value["value"] for key, value in body["data"].items()},
                "at": self._clock().isoformat(timespec="milliseconds"),
            }
            self._journal.put("message", secrets.token_hex(8), message)

    def moderate(self, body: Record) -> Record:
        """Judge a text. Raises Refused."""
        text = body.get("content")
        if body.get("version") != 2 or body.get("scene") not in (1, 2, 3, 4) or not isinstance(text, str) or not text:
            raise Refused(40097, "invalid args")
        if len(text) > TEXT_MAX:
            raise Refused(45002, "content size out of limit")
        if self._journal.get("user", str(body.get("openid"))) is None:
            raise Refused(40003, "invalid openid")
        suggest, label = rules.suggestion(text)
        return {"result": {"suggest": suggest, "label": label}, "detail": [], "trace_id": secrets.token_hex(8)}

    def check_media(self, body: Record) -> None:
        """Whether a picture or a voice can be judged. Raises Refused."""
        url = body.get("media_url")
        is_form = body.get("version") == 2 and body.get("scene") in (1, 2, 3, 4) and body.get("media_type") in (1, 2)
        if not is_form or not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise Refused(40097, "invalid args")
        if self._journal.get("user", str(body.get("openid"))) is None:
            raise Refused(40003, "invalid openid")

    def check_scene(self, scene: object, page: object) -> tuple[str, str]:
        """The scene and page of a mini code. Raises Refused."""
        if not isinstance(scene, str) or not 0 < len(scene) <= SCENE_MAX:
            raise Refused(40169, "invalid length for scene, or the data is not json string")
        if not isinstance(page, str) or not page or page.startswith("/") or "?" in page:
            raise Refused(41030, "invalid page")
        return scene, page

    def messages(self) -> list[Record]:
        """Delivered messages, newest first."""
        return self._journal.all("message")[::-1]

    def user(self, openid: str) -> Record:
        """Who has this openid; an unnamed one if nobody."""
        return self._journal.get("user", openid) or {"openid": openid, "nickname": "未知用户", "unionid": None}

    def users(self) -> list[Record]:
        """Everyone who ever opened the mini program, newest first."""
        return self._journal.all("user")[::-1]

    def _credits(self, openid: str, template_id: str) -> int:
        record: dict[str, Any] = self._journal.get("credit", f"{openid} {template_id}") or {}
        return int(record.get("credits", 0))

    def _make_code(self, purpose: str, meaning: str) -> str:
        code = f"0{secrets.token_urlsafe(24)[:31]}"
        made = {"purpose": purpose, "meaning": meaning, "made_at": self._clock().isoformat(), "used": False}
        self._journal.put("code", code, made)
        return code

    def _spend_code(self, purpose: str, code: str) -> str:
        made = self._journal.get("code", code)
        if made is None or made["purpose"] != purpose:
            raise Refused(40029, "invalid code")
        if made["used"]:
            raise Refused(40163, "code been used")
        if self._clock() - datetime.fromisoformat(made["made_at"]) > CODE_LIFE:
            raise Refused(40029, "invalid code")
        self._journal.put("code", code, {**made, "used": True})
        return str(made["meaning"])

    def _count_forced(self, now: datetime) -> None:
        key = now.date().isoformat()
        forced = (self._journal.get("forced", key) or {"count": 0})["count"]
        if forced >= FORCED_TOKENS_A_DAY:
            raise Refused(45009, "reach max api daily quota limit")
        self._journal.put("forced", key, {"count": forced + 1})
