"""AWS on this machine: ministack, in one process, in a virtual environment of its own.

Of its own because its Lambda workers see its packages too: what the deployment package lacks must be missed here as
it would be in Lambda.
"""

import os
import shutil
import urllib.request
from pathlib import Path
from urllib.error import URLError

from infra.local.layout import HOST, REGION, ROOT, Layout, is_taken
from infra.local.processes import Process, StackError

VENV = ROOT / ".local" / "ministack-venv"
_KEPT_FROM_HOME = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
"""All that functions may inherit of the person's environment: neither credentials nor Python's settings."""


def process(layout: Layout) -> Process:
    return Process("ministack", layout.folder)


def start(layout: Layout, *, keep_state: bool) -> bool:
    """Start the emulator unless it runs; False if it already did. Raises StackError if the port is another's."""
    if process(layout).pid is not None:
        return False
    port = layout.ports["stack"]
    if is_taken(port):
        raise StackError(f"port {port} is taken by another program; end it, or choose another with STACK_PORT=…")
    process(layout).start(
        [VENV / "bin" / "python", ROOT / "infra" / "local" / "run_ministack.py"],
        environment=_environment(layout, keep_state=keep_state),
    )
    return True


def wait(layout: Layout) -> None:
    """Until the emulator answers."""
    process(layout).wait_until(lambda: _answers(layout), seconds=60)


def _environment(layout: Layout, *, keep_state: bool) -> dict[str, str]:
    temporary = temporary_folder(layout)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    return {
        **{name: os.environ[name] for name in _KEPT_FROM_HOME if name in os.environ},
        "TMPDIR": str(temporary),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(layout.ports["stack"]),
        "MINISTACK_ACCOUNT_ID": layout.account,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1" if keep_state else "0",
        "STATE_DIR": str(layout.folder / "state"),
        "S3_DATA_DIR": str(layout.folder / "state" / "s3"),
        "AUTH": "true",
        # What it takes for the root's secret when it checks the signature of a form or a link.
        "AWS_SECRET_ACCESS_KEY": layout.credentials["AWS_SECRET_ACCESS_KEY"],
        "SFN_WAIT_SCALE": "0",
        "LOG_LEVEL": "WARNING",
    }


def _answers(layout: Layout) -> bool:
    try:
        with urllib.request.urlopen(f"{layout.endpoint}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def temporary_folder(layout: Layout) -> Path:
    """Where the emulator unpacks functions; it leaves things behind there."""
    return layout.folder / "tmp"
