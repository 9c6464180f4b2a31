"""The generated documents are true, and the OpenAPI document is one that tools can use."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import schema_v31
from referencing.jsonschema import DRAFT202012

from functions.shared.caller import Role
from functions.shared.errors import Conflict
from functions.shared.http import PUBLIC, Call, Page, PageQuery, Reading, Routes
from functions.shared.http.openapi import document
from functions.shared.http.schemas import Body
from infra import documents

METHODS = ("get", "post", "put", "delete")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(documents.openapi_text())
    return made


def test_the_generated_documents_are_up_to_date() -> None:
    assert list(documents.outdated()) == []


def test_a_stale_document_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "roles_text", lambda: "something else")
    assert list(documents.outdated()) == ["docs/roles.md"]


class Validator(OpenAPIV31SpecValidator):
    """The same, with the schema's anchors found once: otherwise it looks for them again at each reference."""

    _SCHEMA: ClassVar[dict[str, Any]] = dict(schema_v31)
    schema_validator = Draft202012Validator(
        _SCHEMA, registry=REGISTRY.with_resource(_SCHEMA["$id"], DRAFT202012.create_resource(_SCHEMA)).crawl()
    )


def test_the_openapi_document_is_valid(openapi: dict[str, Any]) -> None:
    assert [error.message for error in Validator(openapi).iter_errors()] == []


def test_a_document_that_is_not_valid_is_found(openapi: dict[str, Any]) -> None:
    changed = {"openapi": openapi["openapi"], "info": openapi["info"], "paths": {"/orders": {"fetch": {}}}}
    [error] = Validator(changed).iter_errors()
    assert "fetch" in error.message


def test_every_operation_has_a_chinese_summary_and_an_id_of_its_own(openapi: dict[str, Any]) -> None:
    operations = list(_operations(openapi))
    assert [one["operationId"] for one in operations if not CHINESE.search(one["summary"])] == []
    assert len({one["operationId"] for one in operations}) == len(operations)


def test_no_schema_speaks_the_dialect_of_openapi_3_0(openapi: dict[str, Any]) -> None:
    text = json.dumps(openapi)
    assert '"nullable"' not in text
    assert "functions." not in text


def test_every_optional_value_is_one_type_list(openapi: dict[str, Any]) -> None:
    for schema in _schemas(openapi):
        plain = [option for option in schema.get("anyOf", ()) if set(option) <= {"type", "format"}]
        assert len(plain) < 2, schema


def test_every_component_is_referred_to(openapi: dict[str, Any]) -> None:
    text = json.dumps(openapi)
    named = [
        (kind, name) for kind, group in openapi["components"].items() if kind != "securitySchemes" for name in group
    ]
    assert [f"{kind}/{name}" for kind, name in named if f'"#/components/{kind}/{name}"' not in text] == []


def test_every_refusal_has_the_form_of_a_problem_with_examples(openapi: dict[str, Any]) -> None:
    for operation in _operations(openapi):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                (content,) = response["content"].items()
                assert content[0] == "application/problem+json"
                assert content[1]["examples"]


class SlotTaken(Conflict):
    """The companion was booked a moment ago."""

    code = "slot_taken"
    title = "该时段刚被预订"


class Wish(Body, frozen=True):
    quote_id: Annotated[str, msgspec.Meta(description="报价编号")]
    note: str | None = None


class Line(Reading, frozen=True):
    order_id: str
    starts_at: datetime
    paid_at: datetime | None = None
    version: int = 1


class Filter(PageQuery, frozen=True):
    language: str | None = None
    first_aid: bool = False


@pytest.fixture(scope="module")
def small() -> dict[str, Any]:
    """The document of four routes, one of each kind."""
    routes = Routes("booking")
    roles = {Role.CLIENT}

    @routes.post(
        "/orders", summary="下单", roles=roles, body=Wish, reply=Line, status=201, effect=True, problems=(SlotTaken,)
    )
    def place(call: Call[Wish]) -> None: ...

    @routes.get("/orders", summary="订单", roles=roles, query=Filter, reply=Page[Line])
    def show_all(call: Call[None]) -> None: ...

    @routes.put("/orders/{order_id}", summary="改单", roles=roles, body=Wish, reply=Line, versioned=True)
    def change(call: Call[Wish]) -> None: ...

    @routes.get("/page", summary="网页", roles=PUBLIC)
    def page(call: Call[None]) -> None: ...

    made = document(routes.declared, version="1.0")
    assert [error.message for error in OpenAPIV31SpecValidator(made).iter_errors()] == []
    return made


def test_an_effect_demands_its_key_and_may_be_refused_as_its_rules_say(small: dict[str, Any]) -> None:
    place = small["paths"]["/orders"]["post"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in place["parameters"]
    assert sorted(place["responses"]) == ["201", "400", "401", "403", "409", "413", "422", "500", "503"]
    assert sorted(place["responses"]["409"]["content"]["application/problem+json"]["examples"]) == [
        "busy",
        "slot_taken",
    ]
    assert small["components"]["examples"]["slot_taken"]["value"]["title"] == "该时段刚被预订"


def test_an_update_demands_the_version(small: dict[str, Any]) -> None:
    change = small["paths"]["/orders/{order_id}"]["put"]
    assert {"$ref": "#/components/parameters/IfMatch"} in change["parameters"]
    assert {"404", "412", "428"} <= change["responses"].keys()


def test_a_read_may_be_not_modified(small: dict[str, Any]) -> None:
    read = small["paths"]["/orders"]["get"]
    assert "304" in read["responses"]
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in read["parameters"]


def test_a_query_is_shown_as_parameters_without_nulls(small: dict[str, Any]) -> None:
    parameters = {one["name"]: one for one in small["paths"]["/orders"]["get"]["parameters"] if "name" in one}
    assert list(parameters) == ["limit", "cursor", "language", "first_aid"]
    assert parameters["language"] == {
        "name": "language",
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
    }
    assert "Filter" not in small["components"]["schemas"]


def test_a_public_page_needs_no_token(small: dict[str, Any]) -> None:
    page = small["paths"]["/page"]["get"]
    assert page["security"] == []
    assert sorted(page["responses"]) == ["200", "500", "503"]


def test_an_answer_always_carries_every_field_and_names_its_instants(small: dict[str, Any]) -> None:
    line = small["components"]["schemas"]["Line"]
    assert line["required"] == ["order_id", "starts_at", "paid_at", "version"]
    assert line["properties"]["starts_at"] == {"type": "string", "format": "date-time"}
    assert line["properties"]["paid_at"] == {"type": ["string", "null"], "format": "date-time"}


def test_a_request_keeps_its_optional_fields(small: dict[str, Any]) -> None:
    wish = small["components"]["schemas"]["Wish"]
    assert wish["required"] == ["quote_id"]
    assert wish["additionalProperties"] is False
    assert wish["properties"]["quote_id"]["description"] == "报价编号"


def _operations(openapi: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in openapi["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from _schemas(value)
