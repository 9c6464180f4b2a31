"""Makes the virtual environments, from the hashed requirement files. Runs on any Python, to say that it is too old.

    .venv                   packages, checks, tests, and the tools of the local stack
    .local/ministack-venv   the emulator alone

Both are left alone while the Python and the requirement file that they were made with are the same.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
WANTED = {".venv": "requirements-dev.txt", ".local/ministack-venv": "requirements-local.txt"}
_UV = "uv=="


def main() -> int:
    if sys.version_info < OLDEST:
        return _fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}; name another with PYTHON=…")
    for tool in ("git", "make", "ps"):
        if shutil.which(tool) is None:
            return _fail(f"{tool} is not installed")
    try:
        made = [name for name, requirements in WANTED.items() if _install(ROOT / name, ROOT / requirements)]
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout or "").strip().splitlines() or ["no output"]
        return _fail(f"installing failed ({' '.join(map(str, error.cmd[:4]))} …): {said[-1]}")
    print(f"installed {', '.join(made)}" if made else "installed already")
    return 0


def _install(folder: Path, requirements: Path) -> bool:
    """Make `folder` what `requirements` says; False if it already is."""
    wanted = hashlib.sha256(sys.version.encode() + requirements.read_bytes()).hexdigest()
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    venv.create(folder, with_pip=folder.name == ".venv", clear=True)
    if folder.name == ".venv":
        _install_uv(folder, requirements)
    uv = ROOT / ".venv" / "bin" / "uv"
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    _run([*command, "--require-hashes", "--requirements", requirements], _environment())
    stamp.write_text(wanted, encoding="utf-8")
    return True


def _install_uv(folder: Path, requirements: Path) -> None:
    """uv itself, as the lock file pins it, by pip: the person's mirror, proxy and certificates hold."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(_UV))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    pinned = folder / "uv.txt"
    pinned.write_text("\n".join(lines[start:end]), encoding="utf-8")
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    _run([*pip, "--require-hashes", "--no-deps", "--requirement", pinned], os.environ)


def _run(command: "list[str | Path]", environment: "Mapping[str, str]") -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


def _environment() -> "dict[str, str]":
    """uv reads none of pip's settings: hand it the index and the certificates that the person gave to pip."""
    environment = dict(os.environ)
    told = subprocess.run(
        [ROOT / ".venv" / "bin" / "python", "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)
    for setting, variable in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        for scope in (":env:", "install", "global"):
            value = settings.get(f"{scope}.{setting}", "").strip("'\"")
            if value:
                environment.setdefault(variable, value)
                break
    return environment


def _fail(sentence: str) -> int:
    print(f"cannot install: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
