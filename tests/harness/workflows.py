"""Step Functions in one process: walks the very definitions in `infra/workflows`, on the world's clock.

It knows what the definitions use: Task (a function, or a function and a task token), Choice by text, Retry without
waiting, Catch, Succeed, Fail, and JSONPath of plain names. Anything else is refused, so that a definition which
outgrows it is noticed here. Real Step Functions walk them on the local stack.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.shared import clock
from infra.synth.project import read_workflows

Call = Callable[[str, dict[str, Any]], Any]
"""Calls a room's events function: its logical id and the payload, to what it answers."""
_TOKEN = ".waitForTaskToken"


class StateFailed(Exception):
    """A state raised; `error` is what Retry and Catch go by."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Execution:
    """One walk through one definition."""

    name: str
    definition: dict[str, Any]
    data: dict[str, Any]
    state: str
    token: str = ""
    """With which it waits; empty while it does not."""
    until: datetime | None = None
    status: str = "RUNNING"
    walked: list[str] = field(default_factory=list)
    """The states entered, in order."""


@dataclass
class Workflows:
    """All executions of a world."""

    call: Call
    executions: dict[str, Execution] = field(default_factory=dict)
    fail_next: dict[str, int] = field(default_factory=dict)
    """So many of the next calls from the state of this name raise instead."""
    _waits: int = 0

    def start(self, workflow: str, name: str, data: dict[str, Any]) -> None:
        """Begin an execution unless there is one of this name; it walks with the next `pump`."""
        definition = read_workflows()[workflow]
        self.executions.setdefault(name, Execution(name, definition, data, definition["StartAt"]))

    def wake(self, token: str) -> bool:
        """End the wait with this token; False if nobody waits with it."""
        for execution in self.executions.values():
            if execution.token == token and execution.status == "RUNNING":
                execution.token = ""
                return True
        return False

    def pump(self) -> bool:
        """Walk every execution as far as it goes; whether any walked."""
        ready = [each for each in self.executions.values() if each.status == "RUNNING" and not each.token]
        for execution in ready:
            self._walk(execution)
        return bool(ready)

    def next_timeout(self) -> datetime | None:
        """When the first wait is over."""
        return min((each.until for each in self._waiting() if each.until), default=None)

    def time_out(self) -> None:
        """End the waits whose time is over."""
        for execution in self._waiting():
            if execution.until is not None and execution.until <= clock.now():
                execution.token, execution.until = "", None
                self._raise(execution, "States.Timeout")

    def kill(self, name: str) -> None:
        """End an execution as an operator or an accident would."""
        self.executions[name].status, self.executions[name].token = "ABORTED", ""

    def redrive(self, name: str) -> None:
        """Go on with a failed execution at the state that failed."""
        assert self.executions[name].status == "FAILED"
        self.executions[name].status = "RUNNING"

    def _waiting(self) -> list[Execution]:
        return [each for each in self.executions.values() if each.token and each.status == "RUNNING"]

    def _walk(self, execution: Execution) -> None:
        while execution.status == "RUNNING" and not execution.token:
            state = execution.definition["States"][execution.state]
            if execution.until is not None:
                # Somebody woke it: the wait is over, its result is thrown away.
                execution.until = None
                execution.state = state["Next"]
                continue
            execution.walked.append(execution.state)
            match state["Type"]:
                case "Task":
                    self._task(execution, state)
                case "Choice":
                    execution.state = _chosen(state, execution.data)
                case "Succeed":
                    execution.status = "SUCCEEDED"
                case "Fail":
                    execution.status = "FAILED"
                case other:
                    raise NotImplementedError(other)

    def _task(self, execution: Execution, state: dict[str, Any]) -> None:
        assert ":states:::lambda:invoke" in state["Resource"], state["Resource"]
        waits = state["Resource"].endswith(_TOKEN)
        self._waits += 1
        token = f"token-{self._waits}" if waits else ""
        parameters = _resolved(state["Parameters"], execution.data, token)
        function = parameters["FunctionName"].removeprefix("${").removesuffix(".Arn}")
        if waits:
            execution.token = token
            execution.until = clock.now() + timedelta(seconds=state["TimeoutSeconds"])
        attempts = 1 + _retries(state)
        for attempt in range(attempts):
            try:
                self._fail_if_told(execution.state)
                answer = self.call(function, parameters["Payload"])
            except Exception as error:  # noqa: BLE001 whatever a function raises is the state's error
                if attempt + 1 == attempts:
                    execution.token, execution.until = "", None
                    self._raise(execution, type(error).__name__)
                    return
            else:
                break
        if waits:
            return
        if state.get("ResultPath", "$") is not None:
            name = state["ResultPath"].removeprefix("$.")
            execution.data = {**execution.data, name: {"Payload": json.loads(json.dumps(answer))}}
        execution.state = state["Next"]

    def _fail_if_told(self, state: str) -> None:
        if self.fail_next.get(state, 0) > 0:
            self.fail_next[state] -= 1
            raise StateFailed("Lambda.Unknown")

    def _raise(self, execution: Execution, error: str) -> None:
        state = execution.definition["States"][execution.state]
        for catcher in state.get("Catch", ()):
            if error in catcher["ErrorEquals"] or "States.ALL" in catcher["ErrorEquals"]:
                assert catcher["ResultPath"] is None, "what was caught is thrown away"
                execution.state = catcher["Next"]
                return
        execution.status = "FAILED"


def _retries(state: dict[str, Any]) -> int:
    matching = (each for each in state.get("Retry", ()) if "States.ALL" in each["ErrorEquals"])
    return int(next(matching, {"MaxAttempts": 0})["MaxAttempts"])


def _chosen(state: dict[str, Any], data: dict[str, Any]) -> str:
    for choice in state["Choices"]:
        assert set(choice) == {"Variable", "StringEquals", "Next"}, choice
        if _at(choice["Variable"], data) == choice["StringEquals"]:
            return str(choice["Next"])
    return str(state["Default"])


def _resolved(value: Any, data: dict[str, Any], token: str) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name.removesuffix(".$"): (_at(inner, data, token) if name.endswith(".$") else _resolved(inner, data, token))
        for name, inner in value.items()
    }


def _at(path: str, data: dict[str, Any], token: str = "") -> Any:
    if path == "$$.Task.Token":
        return token
    found: Any = data
    for name in path.removeprefix("$.").split("."):
        found = found[name]
    return found
