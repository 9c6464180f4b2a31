"""The package as it is deployed, and the same code as plain `chalice package` ships it."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ROOT / "dist" / "local" / "deployment.zip"
_CACHE = ROOT / "build" / "bench"
_INPUTS = ("app.py", "functions", ".chalice", "requirements.txt")


class NoPackage(Exception):
    """A package cannot be had; the message is one sentence for the person at the keyboard."""


def zip_mb(package: Path) -> float:
    """Size in MB of 1,000,000 bytes, as Lambda's limits are."""
    return package.stat().st_size / 1e6


def ours() -> Path:
    """`dist/local/deployment.zip` of the code as it is now (made anew if it changed); raises NoPackage."""
    _run([sys.executable, "-m", "infra.synth", "--stage", "local"], ROOT, {})
    return OURS


def plain() -> Path:
    """What `chalice package` makes of the project with its full requirements: made once for each state of the code."""
    kept = _CACHE / f"plain-{_inputs_hash()}.zip"
    if kept.exists():
        return kept
    workspace = _CACHE / "plain"
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
    shutil.copytree(ROOT / "functions", workspace / "vendor" / "functions", ignore=ignore)
    shutil.copytree(ROOT / ".chalice", workspace / ".chalice", ignore=ignore)
    shutil.copy(ROOT / "app.py", workspace)
    shutil.copy(ROOT / "requirements.txt", workspace)
    _run_chalice(workspace)
    for old in _CACHE.glob("plain-*.zip"):
        old.unlink()
    (workspace / "out" / "deployment.zip").rename(kept)
    shutil.rmtree(workspace)
    return kept


def unzip(package: Path, folder: Path) -> Path:
    """The package as Lambda sees it, under `folder`."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def _run_chalice(workspace: Path) -> None:
    start = "import sys; from chalice.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "package", "--stage", "local", "out"]
    _run(command, workspace, {"PYTHONPATH": str(workspace / "vendor")})


def _run(command: list[str], folder: Path, more: dict[str, str]) -> None:
    """A packaging command with the environment that it expects: the bench's own STAGE would end up in the template."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CAPABILITY", "PYTHONPATH")}
    environment |= {"STAGE": "local", "PYTHONDONTWRITEBYTECODE": "1", **more}
    environment.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise NoPackage(f"packaging failed ({command[-1]}): {lines[-1]}")


def _inputs_hash() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for top in (ROOT / name for name in _INPUTS):
        files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        for path in files:
            if "__pycache__" not in path.parts and "deployments" not in path.parts:
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
