"""Health, the OpenAPI document and its page: for everybody, and without a call to anything."""

import hashlib
from typing import Any

import msgspec

from functions.operations import docs
from functions.shared.config import config
from functions.shared.errors import NotFound
from functions.shared.http import PUBLIC, Call, Raw, Routes

routes = Routes("operations")
bp = routes.blueprint

_FOREVER = "public, max-age=31536000, immutable"
_FOR_A_MINUTE = "public, max-age=60"
_KINDS = {"js": "text/javascript; charset=utf-8", "txt": "text/plain; charset=utf-8"}


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The API answers; `stage` says which environment."""

    status: str
    stage: str


@routes.get("/health", summary="服务是否可用", roles=PUBLIC, reply=Health)
def health(call: Call[Any]) -> Health:
    """不访问存储，因此只说明网关与函数正常。"""
    return Health(status="ok", stage=config().stage)


@routes.get("/openapi.json", summary="OpenAPI 3.1 接口描述", roles=PUBLIC, reply=Raw)
def openapi(call: Call[Any]) -> Raw:
    """本文档的机器可读形式，可用来生成客户端。"""
    text = docs.document()
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": _FOR_A_MINUTE}
    if call.headers.get("if-none-match") == etag:
        return Raw("", "application/json; charset=utf-8", 304, headers)
    return Raw(text, "application/json; charset=utf-8", headers=headers)


@routes.get("/docs", summary="接口文档页面", roles=PUBLIC, reply=Raw)
def show_docs(call: Call[Any]) -> Raw:
    """可阅读、可直接试用的网页，不加载任何外部资源。"""
    headers = {
        "Cache-Control": _FOR_A_MINUTE,
        "Content-Security-Policy": docs.content_security_policy(),
        "X-Content-Type-Options": "nosniff",
    }
    return Raw(docs.page(), "text/html; charset=utf-8", headers=headers)


@routes.get("/docs/{asset}", summary="文档页面的脚本", roles=PUBLIC, reply=Raw)
def get_docs_asset(call: Call[Any], asset: str) -> Raw:
    """文件名随内容变化，可永久缓存。"""
    text = docs.find_asset(asset)
    if text is None:
        raise NotFound()
    kind = _KINDS[asset.rpartition(".")[2]]
    return Raw(text, kind, headers={"Cache-Control": _FOREVER, "X-Content-Type-Options": "nosniff"})
