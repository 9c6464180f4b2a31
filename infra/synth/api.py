"""The REST API: Chalice's routes, each pointing at the function of the room that declared it."""

import copy
import hashlib
import json
from typing import Any

from functions.shared.errors import Forbidden, NotFound, Problem, TooLarge, Unauthenticated
from infra.synth.functions import Resources, logical_id
from infra.synth.project import Project

API_ID_TAG = "ms-custom-id"
"""The local stack takes an API's id from this tag, so that equal routes have equal URLs. It replaces an API whose
routes change, the new one before the old, so the id has to change with them."""
_INTEGRATION = "x-amazon-apigateway-integration"
_ANSWERS = "x-amazon-apigateway-gateway-responses"
_INVOKE = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Arn}/invocations"
_PROSE = frozenset({"passthroughBehavior"})
_GATEWAY_ANSWERS: dict[str, tuple[int | None, str, str]] = {
    "UNAUTHORIZED": (401, Unauthenticated.code, Unauthenticated.title),
    "ACCESS_DENIED": (401, Unauthenticated.code, Unauthenticated.title),
    "EXPIRED_TOKEN": (401, Unauthenticated.code, Unauthenticated.title),
    "MISSING_AUTHENTICATION_TOKEN": (404, NotFound.code, NotFound.title),
    "REQUEST_TOO_LARGE": (413, TooLarge.code, TooLarge.title),
    "THROTTLED": (429, "too_many_requests", "请求太频繁，请稍后再试"),
    "WAF_FILTERED": (403, Forbidden.code, Forbidden.title),
    "INTEGRATION_FAILURE": (502, Problem.code, Problem.title),
    "INTEGRATION_TIMEOUT": (504, "timeout", "服务响应超时，请用同一个 Idempotency-Key 重试"),
    "DEFAULT_4XX": (None, "invalid_request", "请求内容有误"),
    "DEFAULT_5XX": (None, Problem.code, Problem.title),
}
"""What API Gateway answers by itself: response type → status, code, title.

The authorizer denies a token that it does not accept, which API Gateway calls ACCESS_DENIED (403); to the caller it
is 401, sign in again. A path that does not exist is what API Gateway calls a missing authentication token.
"""


def api_resources(project: Project) -> Resources:
    """The API with its own answers, deployment, stage, and the permissions to call rooms and authorizer."""
    body = {**routed(project), _ANSWERS: {name: _gateway_answer(name) for name in _GATEWAY_ANSWERS}}
    version = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8]
    deployment = f"RestApiDeployment{version}"
    answers = _answers_for_the_emulator(body[_ANSWERS]) if project.stage == "local" else {}
    return {
        "RestApi": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {
                "Name": {"Fn::Sub": "zhenban-${Stage}"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "Body": body,
                "Tags": {
                    "Fn::If": ["IsLocal", [{"Key": API_ID_TAG, "Value": f"zb{version}"}], {"Ref": "AWS::NoValue"}]
                },
            },
        },
        **answers,
        deployment: {
            "Type": "AWS::ApiGateway::Deployment",
            **({"DependsOn": sorted(answers)} if answers else {}),
            "Properties": {"RestApiId": {"Ref": "RestApi"}},
        },
        "RestApiStage": _stage(project.api_stage, deployment),
        **{
            f"{logical_id(name)}ApiPermission": _permission(name)
            for name in sorted({*project.owners.values(), "authorizer"})
        },
    }


def routed(project: Project) -> dict[str, Any]:
    """The swagger with each route's integration moved from Chalice's one handler to its owner.

    What describes without deciding anything is left out: a template has one megabyte for all routes.
    """
    body = copy.deepcopy(project.swagger)
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            integration = {name: value for name, value in operation[_INTEGRATION].items() if name not in _PROSE}
            if method == "options":
                answer = operation["responses"]["200"]
                responses = {"200": {name: answer[name] for name in ("description", "headers")}}
            else:
                responses = {}
                del integration["responses"]
                integration["uri"] = {"Fn::Sub": _INVOKE % logical_id(project.owners[path, method])}
            who = {"security": operation["security"]} if "security" in operation else {}
            methods[method] = {"responses": responses, **who, _INTEGRATION: integration}
    return body


def _gateway_answer(response_type: str) -> dict[str, Any]:
    status, code, title = _GATEWAY_ANSWERS[response_type]
    problem = {
        "type": "https://zhenban.dev/problems/" + code.replace("_", "-"),
        "title": title,
        **({"status": status} if status else {}),
        "code": code,
        "request_id": "$context.requestId",
    }
    headers = {
        "Content-Type": "application/problem+json",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "X-Request-Id,Retry-After",
        **({"Retry-After": "1"} if status == 429 else {}),
    }
    return {
        **({"statusCode": status} if status else {}),
        "responseParameters": {
            **{f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
            "gatewayresponse.header.X-Request-Id": "context.requestId",
        },
        "responseTemplates": {"application/json": json.dumps(problem, ensure_ascii=False)},
    }


def _answers_for_the_emulator(answers: dict[str, Any]) -> Resources:
    """The same answers as resources: the emulator does not read them from the API's body, as AWS does.

    (On AWS the next change of the body would silently remove such resources, so there they are not.)
    """
    return {
        f"Answer{logical_id(name.lower())}": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "RestApiId": {"Ref": "RestApi"},
                "ResponseType": name,
                **({"StatusCode": str(answer["statusCode"])} if "statusCode" in answer else {}),
                "ResponseParameters": answer["responseParameters"],
                "ResponseTemplates": answer["responseTemplates"],
            },
        }
        for name, answer in answers.items()
    }


def _stage(name: str, deployment: str) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "StageName": name,
            "RestApiId": {"Ref": "RestApi"},
            "DeploymentId": {"Ref": deployment},
            "TracingEnabled": True,
            "MethodSettings": [
                {
                    "ResourcePath": "/*",
                    "HttpMethod": "*",
                    "MetricsEnabled": True,
                    "ThrottlingRateLimit": {"Ref": "RequestsPerSecond"},
                    "ThrottlingBurstLimit": {"Ref": "RequestsBurst"},
                }
            ],
        },
    }


def _permission(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": {"Ref": logical_id(name)},
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestApi}/*"},
        },
    }
