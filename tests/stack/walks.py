"""The deployed workflow of complaints: changed for a while, looked at, begun anew."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.stack.running import Stack

_CALLS = count()


@contextmanager
def redefined(stack: Stack, change: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """`change` alters the states of walks that begin meanwhile."""
    sfn, arn = stack.client("stepfunctions"), _machine(stack)
    text = sfn.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(text)
    change(definition["States"])
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    try:
        yield
    finally:
        sfn.update_state_machine(stateMachineArn=arn, definition=text)


def status_of(stack: Stack, path: str, *, run: int = 1) -> str:
    """How the complaint's walk, or the `run`th of them, stands; empty while it has not begun."""
    sfn = stack.client("stepfunctions")
    try:
        return str(sfn.describe_execution(executionArn=walk_arn(stack, path, run=run))["status"])
    except sfn.exceptions.ExecutionDoesNotExist:
        return ""


def walk_arn(stack: Stack, path: str, *, run: int = 1) -> str:
    """The execution that walks the complaint at this path."""
    name = complaint_id_of(path) if run == 1 else f"{complaint_id_of(path)}-{run}"
    return f"{_machine(stack).replace(':stateMachine:', ':execution:')}:{name}"


def begin_anew(stack: Stack, path: str) -> None:
    """The room's own watch, which is minutes away, looks now."""
    due_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(_CALLS))
    timer = {
        "room": "support",
        "kind": "complaint_watch",
        "subject": complaint_id_of(path),
        "due_at": due_at.isoformat(),
        "correlation_id": "test",
    }
    stack.client("lambda").invoke(FunctionName="zhenban-local-support_events", Payload=json.dumps(timer))


def complaint_id_of(path: str) -> str:
    return path.rpartition("/")[2]


def _machine(stack: Stack) -> str:
    (machine,) = stack.client("stepfunctions").list_state_machines()["stateMachines"]
    return str(machine["stateMachineArn"])
