"""What WeChat calls: its message push."""

from typing import Any

from functions.accounts.actions import moderation
from functions.accounts.api.declared import routes
from functions.accounts.schemas.pushes import PushQuery
from functions.shared.errors import NotFound
from functions.shared.http import PUBLIC, Call, Raw


@routes.get("/webhooks/wechat/pushes", summary="微信消息推送：验证地址", roles=PUBLIC, query=PushQuery, reply=Raw)
def answer_setup(call: Call[Any]) -> Raw:
    """在微信公众平台填写消息推送地址时由微信调用一次。"""
    try:
        return _text(moderation.answer_setup(call.query.to_query()))
    except moderation.PushRefused as problem:
        return _text(problem.title, problem.status)


@routes.post("/webhooks/wechat/pushes", summary="微信消息推送", roles=PUBLIC, query=PushQuery, reply=Raw)
def take_push(call: Call[Any]) -> Raw:
    """由微信调用（安全模式、JSON）。验签、验时效、解密后，把图片和语音的审核结果交给消息；重复推送只生效一次。"""
    try:
        moderation.take_push(call.tx, query=call.query.to_query(), body=call.raw_body)
    except (moderation.PushRefused, NotFound) as problem:
        return _text(problem.title, problem.status)
    return _text("success")


def _text(content: str, status: int = 200) -> Raw:
    return Raw(content, "text/plain; charset=utf-8", status)
