"""What the template promises, read from the template itself."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app import MODULES
from infra.synth.bus import event_pattern
from infra.synth.functions import logical_id, substituted
from infra.synth.project import ROOT, Project, SynthError
from infra.synth.template import Template, build


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def test_it_stays_far_below_cloudformations_limits(template: Template) -> None:
    assert len(template["Resources"]) < 400
    assert len(json.dumps(template, separators=(",", ":"), ensure_ascii=False).encode()) < 600_000


def test_no_arn_names_a_partition(template: Template) -> None:
    assert [] == [text for text in texts(template) if "arn:aws" in text]


def test_every_capability_is_a_function_of_its_own(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    capabilities = {f["Properties"]["Environment"]["Variables"]["CAPABILITY"] for f in functions.values()}
    assert set(MODULES) == capabilities
    roles = [json.dumps(f["Properties"]["Role"]) for f in functions.values()]
    assert len(roles) == len(set(roles))


def test_every_route_calls_the_room_that_declared_it(project: Project, template: Template) -> None:
    body = template["Resources"]["RestApi"]["Properties"]["Body"]
    called = {
        (path, method): operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        for path, methods in body["paths"].items()
        for method, operation in methods.items()
        if method != "options"
    }
    assert set(project.owners) == set(called)
    for route, room in project.owners.items():
        assert f"functions/${{{logical_id(room)}.Arn}}/invocations" in called[route]


def test_only_public_routes_pass_without_the_authorizer(project: Project, template: Template) -> None:
    from importlib import import_module

    declared = {
        (route.path, route.method.lower()): route
        for module in MODULES.values()
        if hasattr(import_module(module), "routes")
        for route in import_module(module).routes.declared
    }
    paths = template["Resources"]["RestApi"]["Properties"]["Body"]["paths"]
    for (path, method), route in declared.items():
        assert ("security" in paths[path][method]) == bool(route.roles), f"{method} {path}"


def test_every_path_answers_a_browsers_preflight(template: Template) -> None:
    for path, methods in template["Resources"]["RestApi"]["Properties"]["Body"]["paths"].items():
        parameters = methods["options"]["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
        allowed = parameters["method.response.header.Access-Control-Allow-Headers"]
        for header in ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"):
            assert header in allowed, path


def test_a_change_of_routes_is_a_new_deployment(project: Project, template: Template) -> None:
    fewer = replace(project, swagger={**project.swagger, "info": {"title": "zhenban", "version": "2"}})
    assert [*of_type(build(fewer), "AWS::ApiGateway::Deployment")] != [
        *of_type(template, "AWS::ApiGateway::Deployment")
    ]


def test_a_room_hears_exactly_what_it_subscribed_to(project: Project, template: Template) -> None:
    for room, wanted in project.subscriptions.items():
        rule = template["Resources"][f"{logical_id(room)}Rule"]["Properties"]
        assert event_pattern(wanted) == rule["EventPattern"]
        assert {"Fn::GetAtt": [f"{logical_id(room)}Events", "Arn"]} == rule["Targets"][0]["Arn"]


@pytest.mark.parametrize(
    ("wanted", "pattern"),
    [
        ({"a.b": [], "a.a": []}, {"detail-type": ["a.a", "a.b"]}),
        ({"a.b": [{"state": ("x", "y")}]}, {"detail-type": ["a.b"], "detail": {"data": {"state": ["x", "y"]}}}),
        (
            {"a.b": [{"s": ("x",)}, {"t": ("y",)}], "c.d": []},
            {
                "$or": [
                    {"detail-type": ["c.d"]},
                    {"detail-type": ["a.b"], "detail": {"data": {"s": ["x"]}}},
                    {"detail-type": ["a.b"], "detail": {"data": {"t": ["y"]}}},
                ]
            },
        ),
    ],
    ids=["whole", "one with a condition", "some of each"],
)
def test_a_rule_asks_for_what_is_wanted_and_no_more(wanted: dict[str, Any], pattern: dict[str, Any]) -> None:
    assert pattern == event_pattern(wanted)


def test_only_its_beginning_and_end_wake_those_who_need_no_more_of_a_visit(project: Project) -> None:
    filters = {
        room: wanted["visit.progressed"]
        for room, wanted in project.subscriptions.items()
        if "visit.progressed" in wanted
    }
    assert {room for room, conditions in filters.items() if not conditions} == {"tracking"}


def test_whatever_is_given_up_on_wakes_somebody(template: Template) -> None:
    watched = {
        alarm["Properties"]["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == "AWS/SQS"
    }
    assert set(of_type(template, "AWS::SQS::Queue")) == watched


def test_every_alarm_tells_the_topic(template: Template) -> None:
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        assert [{"Ref": "AlarmTopic"}] == alarm["Properties"]["AlarmActions"], name


def test_every_metric_of_ours_that_an_alarm_watches_is_counted_somewhere(template: Template) -> None:
    watched = {
        alarm["Properties"]["MetricName"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["Namespace"] == {"Fn::Sub": "Zhenban/${Stage}"}
    }
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "functions").rglob("*.py"))
    assert {name for name in watched if f'"{name}"' not in code} == set()


def statements(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, policy in project.policies.items():
        for statement in policy:
            yield name, statement


def test_no_policy_allows_a_wildcard_action_or_every_resource(project: Project) -> None:
    for name, statement in statements(project):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not any("*" in action for action in actions), name
        # Streams are listed without naming one, and a task is answered by its token: neither names a resource.
        assert statement["Resource"] != "*" or actions in (["dynamodb:ListStreams"], ["states:SendTaskSuccess"]), name


def test_a_room_writes_its_own_table_and_the_outbox_only(project: Project) -> None:
    for name, statement in statements(project):
        for text in texts(statement["Resource"]):
            writes = [a for a in texts(statement["Action"]) if a in ("dynamodb:PutItem", "dynamodb:UpdateItem")]
            if writes:
                table = text.removesuffix("/index/*").rsplit("zhenban-${Stage}-", 1)[1]
                room = "tracking" if name == "live" else name.removesuffix("_events")
                assert table in (room, "outbox"), name


def test_sensitive_tables_are_encrypted_under_our_key_and_kept(template: Template) -> None:
    for room in ("Accounts", "Care", "Tracking"):
        table = template["Resources"][f"{room}Table"]
        assert {"Ref": "DataKey"} == table["Properties"]["SSESpecification"]["KMSMasterKeyId"]
        assert "Retain" in table["DeletionPolicy"]
        assert table["UpdateReplacePolicy"] == "Retain"


def test_a_function_without_a_policy_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from infra.synth import project as module

    monkeypatch.setattr(module, "ROOT", tmp_path)
    with pytest.raises(SynthError, match="billing has no policy"):
        module.read_policy("billing")


def test_the_same_name_twice_is_refused(project: Project) -> None:
    twice = replace(project, fragments=[*project.fragments, project.fragments[0]])
    with pytest.raises(SynthError, match="declared twice"):
        build(twice)


def test_texts_with_placeholders_become_substitutions() -> None:
    written = {"Resource": ["a/${Stage}", "b"], "Condition": {"X": {"y": "${Z.Arn}"}}}
    expected = {"Resource": [{"Fn::Sub": "a/${Stage}"}, "b"], "Condition": {"X": {"y": {"Fn::Sub": "${Z.Arn}"}}}}
    assert expected == substituted(written)
