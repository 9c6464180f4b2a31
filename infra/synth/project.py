"""What the template is made from, read out of the project.

Chalice's own `package` command says which routes, authorizer and triggers there are; it runs on a copy of the project
with an empty requirements.txt, because only its findings and its runtime are wanted. Which room owns a route and what
a room listens to is asked of the rooms themselves.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from functions.shared.consumer import Where

ROOT = Path(__file__).parents[2]
FRAGMENTS = ("storage.yaml", "tables.yaml", "bus.yaml", "live.yaml", "observability.yaml")


class SynthError(Exception):
    """The project cannot be packaged; the message is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class FunctionSpec:
    """One Lambda function: `name` is its CAPABILITY, `handler` what Lambda calls."""

    name: str
    handler: str
    memory_mb: int
    timeout_s: int
    architecture: str


@dataclass(frozen=True)
class Project:
    """Everything the template depends on, as plain data."""

    stage: str
    runtime: str
    api_stage: str
    functions: list[FunctionSpec]
    swagger: dict[str, Any]
    """Chalice's definition of the API; all routes still point at one `APIHandler`."""
    owners: dict[tuple[str, str], str]
    """(path, lower-case method) → the room that declared the route."""
    subscriptions: dict[str, dict[str, list[Where]]]
    """Room → what it wants of each event that it listens to, by name; an empty list is all of them."""
    schedules: dict[str, dict[str, str]]
    """Room → cron expression by kind of recurring work."""
    policies: dict[str, list[dict[str, Any]]]
    """Function → IAM statements with `${…}` placeholders."""
    workflows: dict[str, dict[str, Any]]
    """Name → definition in Amazon's states language, with `${…}` placeholders for what it calls."""
    fragments: list[dict[str, Any]]


def read_project(stage: str, workspace: Path) -> Project:
    """The project as it is on disk. Leaves Chalice's runtime in `workspace/out/deployment.zip`."""
    template = run_chalice(stage, workspace)
    settings = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    modules: dict[str, str] = import_module("app").MODULES
    loaded = {name: import_module(module) for name, module in modules.items()}
    buses = [module.bus for module in loaded.values() if hasattr(module, "bus")]
    routes = [route for module in loaded.values() if hasattr(module, "routes") for route in module.routes.declared]
    return Project(
        stage=stage,
        runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        api_stage=settings["api_gateway_stage"],
        functions=[function_spec(name, template, settings, stage) for name in modules],
        swagger=template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"],
        owners={(route.path, route.method.lower()): route.room for route in routes},
        subscriptions={bus.room: bus.event_filters for bus in buses},
        schedules={bus.room: bus.schedules for bus in buses},
        policies={name: read_policy(name) for name in modules},
        workflows=read_workflows(),
        fragments=[yaml.safe_load((ROOT / "infra" / name).read_text(encoding="utf-8")) for name in FRAGMENTS],
    )


def run_chalice(stage: str, workspace: Path) -> dict[str, Any]:
    """`chalice package` on a copy of the project; returns its template."""
    shutil.rmtree(workspace, ignore_errors=True)
    shutil.copytree(ROOT / "functions", workspace / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / ".chalice", workspace / ".chalice", ignore=shutil.ignore_patterns("deploy*"))
    shutil.copy(ROOT / "app.py", workspace)
    (workspace / "requirements.txt").touch()
    environment = {name: value for name, value in os.environ.items() if name not in ("CAPABILITY", "PYTHONPATH")}
    environment |= {"STAGE": stage, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    command: list[str | Path] = [Path(sys.executable).with_name("chalice"), "package", "--stage", stage, "out"]
    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise SynthError(f"chalice package failed: {lines[-1]}")
    template: dict[str, Any] = json.loads((workspace / "out" / "sam.json").read_text(encoding="utf-8"))
    return template


def function_spec(name: str, template: dict[str, Any], settings: dict[str, Any], stage: str) -> FunctionSpec:
    """How a function runs: its handler by Chalice, its size by `.chalice/config.json`, the stage's word first."""
    triggers = [
        r["Properties"]["Handler"] for r in template["Resources"].values() if "Handler" in r.get("Properties", {})
    ]
    of_stage = settings.get("stages", {}).get(stage, {})
    words = (
        of_stage.get("lambda_functions", {}).get(name, {}),
        settings.get("lambda_functions", {}).get(name, {}),
        of_stage,
        settings,
    )

    def setting(key: str) -> Any:
        return next(word[key] for word in words if key in word)

    return FunctionSpec(
        name=name,
        handler=f"app.{name}" if f"app.{name}" in triggers else "app.app",
        memory_mb=setting("lambda_memory_size"),
        timeout_s=setting("lambda_timeout"),
        architecture=setting("lambda_architecture"),
    )


def read_policy(name: str) -> list[dict[str, Any]]:
    """The statements of `.chalice/policies/<name>.json`; a function without that file cannot be packaged."""
    path = ROOT / ".chalice" / "policies" / f"{name}.json"
    if not path.exists():
        raise SynthError(f"{name} has no policy: write {path.relative_to(ROOT)}")
    statements: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["Statement"]
    return statements


def read_workflows() -> dict[str, dict[str, Any]]:
    """The definitions in `infra/workflows`, by name."""
    paths = sorted((ROOT / "infra" / "workflows").glob("*.asl.json"))
    return {path.name.removesuffix(".asl.json"): json.loads(path.read_text(encoding="utf-8")) for path in paths}
