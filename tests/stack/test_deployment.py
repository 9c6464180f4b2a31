"""The template as it was deployed: the gateway's own answers, the roles, the way of an event."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from tests.stack.running import Stack


def request(stack: Stack, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any, Any]:
    asked = urllib.request.Request(stack.api_url + path, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/health", {}, 200, None),
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("GET", "/me", {}, 401, "unauthenticated"),
        ("GET", "/me", {"Authorization": "Bearer forged"}, 401, "unauthenticated"),
    ],
)
def test_the_gateway_answers_in_our_words(
    stack: Stack, method: str, path: str, headers: dict[str, str], status: int, code: str | None
) -> None:
    answered, body, seen = request(stack, method, path, headers)
    assert (status, code) == (answered, body.get("code"))
    assert seen["X-Request-Id"]
    assert seen["Access-Control-Allow-Origin"] == "*"
    if code:
        assert seen["Content-Type"] == "application/problem+json"


def as_function(stack: Stack, name: str, service: str) -> Any:
    """A client with the rights of one function's role."""
    role = stack.client("lambda").get_function_configuration(FunctionName=f"zhenban-local-{name}")["Role"]
    given = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return Session().create_client(
        service,
        region_name=stack.facts["region"],
        endpoint_url=stack.facts["endpoint_url"],
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_a_room_may_use_its_table_and_no_other(stack: Stack) -> None:
    dynamodb = as_function(stack, "hospitals", "dynamodb")
    key = {"pk": {"S": "CONFIG"}, "sk": {"S": "policy"}}
    dynamodb.get_item(TableName="zhenban-local-hospitals", Key=key)
    for table in ("accounts", "booking", "care", "settlement"):
        with pytest.raises(ClientError, match="AccessDenied"):
            dynamodb.get_item(TableName=f"zhenban-local-{table}", Key=key)


def test_a_room_reads_the_rooms_that_it_asks_and_writes_none_of_them(stack: Stack) -> None:
    dynamodb = as_function(stack, "booking", "dynamodb")
    dynamodb.get_item(TableName="zhenban-local-hospitals", Key={"pk": {"S": "x"}, "sk": {"S": "x"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.put_item(TableName="zhenban-local-hospitals", Item={"pk": {"S": "x"}, "sk": {"S": "x"}})


def test_a_function_that_only_reads_may_not_write(stack: Stack) -> None:
    item = {"pk": {"S": "x"}, "sk": {"S": "x"}}
    for table in ("zhenban-local-operations", "zhenban-local-insurance"):
        with pytest.raises(ClientError, match="AccessDenied"):
            as_function(stack, "operations", "dynamodb").put_item(TableName=table, Item=item)


def test_a_room_may_add_to_the_outbox_and_not_read_it(stack: Stack) -> None:
    dynamodb = as_function(stack, "booking", "dynamodb")
    with pytest.raises(ClientError, match="AccessDenied"):
        dynamodb.get_item(TableName="zhenban-local-outbox", Key={"pk": {"S": "evt_x"}})


@pytest.mark.parametrize(
    ("function", "secret"),
    [("booking", "wechat-pay"), ("settlement", "token-keys"), ("accounts", "wechat-pay"), ("live", "token-keys")],
)
def test_a_secret_is_its_own_rooms(stack: Stack, function: str, secret: str) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        as_function(stack, function, "secretsmanager").get_secret_value(SecretId=f"zhenban/local/{secret}")


@pytest.mark.parametrize("function", ["booking", "hospitals", "settlement", "tracking_events"])
def test_only_the_relay_sets_timers_and_speaks_on_the_bus(stack: Stack, function: str) -> None:
    entry = {"EventBusName": "zhenban-local", "Source": "x", "DetailType": "order.paid", "Detail": "{}"}
    with pytest.raises(ClientError, match="AccessDenied"):
        as_function(stack, function, "events").put_events(Entries=[entry])


def test_an_outbox_row_reaches_the_rooms_that_listen(stack: Stack) -> None:
    """A companion's activation, published by the seed, is in booking's own index of candidates."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        rows = stack.client("dynamodb").scan(TableName="zhenban-local-booking", Select="COUNT")["Count"]
        if rows > 100:
            return
        time.sleep(0.2)
    pytest.fail("booking heard of no companion")


def test_nothing_was_given_up_on(stack: Stack) -> None:
    queues = stack.client("sqs").list_queues(QueueNamePrefix="zhenban-local-")["QueueUrls"]
    wanted = ["ApproximateNumberOfMessages"]
    letters = {
        url.rsplit("/", 1)[-1]: stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=wanted)
        for url in queues
    }
    assert [] == [name for name, told in letters.items() if told["Attributes"][wanted[0]] != "0"]
