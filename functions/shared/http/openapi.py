"""The OpenAPI 3.1 document, made from the routes' declarations alone: no I/O, the same input gives the same output.

What is said per route follows from what the edge does with it (`shared.http.routes`): a role gives 401 and 403, a body
413, an effect its `Idempotency-Key` and 422, a version its `If-Match`, 412 and 428. What only the rules know comes from
the route's `problems`.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from functions.shared.caller import Role
from functions.shared.errors import (
    Busy,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from functions.shared.http.json_schemas import Schemas
from functions.shared.http.problems import MEDIA_TYPE, TYPE_PREFIX
from functions.shared.http.routes import Raw, Route
from functions.shared.tx import KeyReused

ROLE_NAMES = {
    Role.CLIENT: "下单用户",
    Role.COMPANION: "陪诊师",
    Role.AGENT: "客服",
    Role.FINANCE: "财务",
    Role.FINANCE_READER: "财务（只读）",
    Role.ADMIN: "管理员",
    Role.HOSPITAL: "医院",
    Role.INSURER: "保险公司",
    Role.GUEST: "访客（家属）",
}
ROOMS = {
    "accounts": ("账号与就诊人", "登录、就诊人及其知情同意、家属访客权限、站内通知"),
    "companions": ("陪诊师", "陪诊师的公开资料与已核验资质"),
    "hospitals": ("医院", "城市、医院、院区与科室目录"),
    "booking": ("下单与派单", "套餐、报价、匹配、订单、派单、就医清单与行程表"),
    "tracking": ("陪诊过程", "服务节点、打卡与位置共享；位置只以粗略网格示人"),
    "care": ("陪诊报告", "就诊结束后的医嘱、用药与复诊安排"),
    "settlement": ("支付与结算", "支付、退款、收入与复式账本；金额一律为整数分"),
    "insurance": ("保险", "保险产品与保单"),
    "support": ("评价与售后", "评价、申诉、三退与整改"),
    "operations": ("平台", "健康检查与本文档"),
}
"""Tag and description of each room, in the order of the page."""

_PATH_PARAMETER = re.compile(r"{(\w+)}")
_INTRODUCTION = """\
诊伴把患者、家属、陪诊师、医院与保险公司连在一起。本页由代码中的路由声明生成，并由测试保证一致。

- **登录**：除标注「无需登录」的接口外，请求头带 `Authorization: Bearer <access_token>`；
  令牌 15 分钟有效，用 `POST /sessions/refresh` 换新。
- **金额**：整数分，字段名以 `_fen` 结尾。**时间**：RFC 3339，必须带时区，应答一律为 +08:00。
- **提交**：有副作用的 POST 必须带 `Idempotency-Key`（8 到 128 位可见字符）。
  同一个键重发，得到第一次的应答；换了内容则为 422。
- **修改**：PUT 带 `If-Match`，值为上次读到的 ETag（即 `version`）；已被别人改过则为 412。
- **出错**：一律为 `application/problem+json`（RFC 9457），`code` 稳定可编程，`title` 可直接给用户看，
  `errors` 指出具体字段。
- **查无此物**：不存在与不属于您的对象，答复同为 404。
- **分页**：`limit` 与 `cursor`；`next_cursor` 为空即到末页。
- **实时进度**：连接 WebSocket `?token=<access_token>`，发送
  `{"action": "subscribe", "visit_id": "vis_…", "after_sequence": 0}`；随后收到 `visit.progressed`（按 `sequence` 连续）
  与 `visit.position`（粗略网格）。每 9 分钟内发一次 `{"action": "ping"}` 保持连接。
"""


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """一个有误的字段。"""

    field: str
    message: str


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 问题说明。"""

    type: str
    title: str
    status: int
    code: str
    request_id: str
    detail: str = ""
    errors: list[FieldProblem] = []


def document(routes: Sequence[Route], *, version: str) -> dict[str, Any]:
    """The whole document of these routes, ready for JSON; every schema that they mention is a component."""
    schemas = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    rooms = {route.room for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "诊伴开放接口",
            "version": version,
            "summary": "陪诊平台后端接口",
            "description": _INTRODUCTION,
            "contact": {"name": "诊伴接口文档", "url": "https://zhenban.dev/docs"},
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {
                "url": "https://{host}/{stage}",
                "description": "部署后的地址，见部署输出的 ApiUrl",
                "variables": {"host": {"default": "api.zhenban.example"}, "stage": {"default": "api"}},
            }
        ],
        "tags": [
            {"name": name, "description": description} for room, (name, description) in ROOMS.items() if room in rooms
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.components(without=[route.query for route in routes if route.query is not None]),
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "examples": _examples(routes),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "登录接口返回的 access_token（ES256，15 分钟）",
                }
            },
        },
    }


def problems_of(route: Route) -> list[type[Problem]]:
    """Every problem that this route may answer with: what the edge refuses, then what its rules refuse."""
    edge: list[tuple[type[Problem], object]] = [
        (Invalid, route.body or route.query or route.effect),
        (Unauthenticated, route.roles),
        (Forbidden, route.roles),
        (NotFound, _PATH_PARAMETER.search(route.path)),
        (Busy, route.method != "GET" and route.roles),
        (PreconditionFailed, route.versioned),
        (TooLarge, route.body),
        (KeyReused, route.effect),
        (PreconditionRequired, route.versioned),
        (Problem, True),
        (Unavailable, True),
    ]
    found = [problem for problem, applies in edge if applies]
    return sorted(dict.fromkeys([*found, *route.problems]), key=lambda problem: (problem.status, problem.code))


def operation_id(route: Route) -> str:
    """`booking_place_order`: the room and the handler's name."""
    return f"{route.room}_{route.handler.__name__}"


_PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "本次提交的唯一键，8 到 128 位可见字符；重发同一提交时不变",
        "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[\\x21-\\x7e]{8,128}$"},
        "example": "8d0f4c1e-6f0b-4c39-9a55-2f0a6c7e1b11",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "所修改内容的版本，即上次读到的 ETag",
        "schema": {"type": "string"},
        "example": '"3"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "上次读到的 ETag；没有变化则答 304，不带内容",
        "schema": {"type": "string"},
    },
}
_HEADERS: dict[str, Any] = {
    "ETag": {"description": "内容的版本", "schema": {"type": "string"}},
    "RequestId": {"description": "本次请求的编号，报障时请提供", "schema": {"type": "string"}},
    "Replayed": {"description": "为 true 时，这是同一提交第一次的应答", "schema": {"type": "string", "enum": ["true"]}},
}


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [ROOMS[route.room][0]],
        "summary": route.summary,
        "description": _description(route),
        "security": [{"bearer": []}] if route.roles else [],
        "x-roles": sorted(route.roles),
    }
    parameters = _parameters(route, schemas)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas.ref(route.body)}},
        }
    operation["responses"] = _responses(route, schemas)
    return operation


def _description(route: Route) -> str:
    who = "、".join(ROLE_NAMES[role] for role in Role if role in route.roles)
    lines = [f"可用角色：{who}。" if who else "无需登录。"]
    if route.description:
        lines.append(route.description)
    return "\n\n".join(lines)


def _parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        struct = schemas.definition(route.query)
        for name, described in struct["properties"].items():
            parameters.append(_query_parameter(name, described, required=name in struct["required"]))
    if route.effect:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if route.versioned:
        parameters.append({"$ref": "#/components/parameters/IfMatch"})
    if route.method == "GET" and _is_json(route):
        parameters.append({"$ref": "#/components/parameters/IfNoneMatch"})
    return parameters


def _query_parameter(name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    present = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    schema = dict(present[0]) if len(present) == 1 else dict(schema)
    parameter: dict[str, Any] = {"name": name, "in": "query", "required": required}
    description = schema.pop("description", None) if "$ref" not in schema else None
    if description:
        parameter["description"] = description
    # An absent parameter is left out of the address; null and empty text are not something one can send there.
    if schema.get("default", ...) in (None, ""):
        del schema["default"]
    if isinstance(schema.get("type"), list):
        kinds = [kind for kind in schema["type"] if kind != "null"]
        schema["type"] = kinds[0] if len(kinds) == 1 else kinds
    return parameter | {"schema": schema}


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    success: dict[str, Any] = {
        "description": "已创建" if route.status == 201 else "成功",
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
    }
    if _is_json(route):
        success["content"] = {"application/json": {"schema": schemas.ref(route.reply)}}
        success["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    else:
        success["description"] = "成功；内容不是 JSON 对象，见 Content-Type"
    if route.effect:
        success["headers"]["Idempotency-Replayed"] = {"$ref": "#/components/headers/Replayed"}
    responses: dict[str, Any] = {str(route.status): success}
    if route.method == "GET" and _is_json(route):
        responses["304"] = {"description": "自 If-None-Match 以来没有变化"}
    refused = problems_of(route)
    for status in sorted({problem.status for problem in refused}):
        responses[str(status)] = _refusal([problem for problem in refused if problem.status == status])
    return responses


def _refusal(kinds: Sequence[type[Problem]]) -> dict[str, Any]:
    return {
        "description": "；".join(f"{problem.title}（{problem.code}）" for problem in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/ProblemDocument"},
                "examples": {problem.code: {"$ref": f"#/components/examples/{problem.code}"} for problem in kinds},
            }
        },
    }


def _examples(routes: Sequence[Route]) -> dict[str, Any]:
    kinds = {problem.code: problem for route in routes for problem in problems_of(route)}
    return {
        code: {
            "summary": problem.title,
            "value": {
                "type": TYPE_PREFIX + code.replace("_", "-"),
                "title": problem.title,
                "status": problem.status,
                "code": code,
                "request_id": "req_01JM5Q6Z3C8R9V2T4W6X8Y0ABC",
            },
        }
        for code, problem in sorted(kinds.items())
    }


def _is_json(route: Route) -> bool:
    return route.reply is not None and route.reply is not Raw


def _schemas(routes: Sequence[Route]) -> Schemas:
    asked = [type_ for route in routes for type_ in (route.body, route.query) if type_ is not None]
    # A problem leaves its empty members out, so it keeps its optional fields.
    return Schemas(asked=[*asked, ProblemDocument], answered=[route.reply for route in routes if _is_json(route)])
