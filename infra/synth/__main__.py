"""`python -m infra.synth --stage local`: see the package's docstring."""

import argparse
import fcntl
import hashlib
import json
import os
import sys
from pathlib import Path

from infra.synth.bundle import bundle
from infra.synth.project import ROOT, SynthError, read_project
from infra.synth.template import build

_READ = (
    "app.py",
    "functions",
    ".chalice",
    "requirements.txt",
    "requirements-docs.txt",
    "docs/openapi.json",
    "infra/*.yaml",
    "infra/assets.py",
    "infra/synth",
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the package and the template of one stage.")
    parser.add_argument("--stage", default="local")
    stage = parser.parse_args().stage
    destination = ROOT / "dist" / stage
    try:
        made = package(stage, destination)
    except SynthError as error:
        print(f"cannot package: {error}", file=sys.stderr)
        return 1
    size = (destination / "deployment.zip").stat().st_size / 1e6
    print(f"{destination.relative_to(ROOT)}: {size:.1f} MB, {'made' if made else 'unchanged'}")
    return 0


def package(stage: str, destination: Path) -> bool:
    """Write template and zip into `destination`; False if everything they are made from is unchanged.

    One at a time: two tests, or a test and `make up`, may want the package at the same moment.
    """
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _package(stage, destination)


def _package(stage: str, destination: Path) -> bool:
    stamp = destination / "inputs.sha256"
    inputs = inputs_hash()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == inputs:
        return False
    os.environ.setdefault("STAGE", stage)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    os.environ.pop("CAPABILITY", None)
    workspace = ROOT / "build" / f"chalice-{stage}"
    template = build(read_project(stage, workspace))
    destination.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    bundle(
        stage=stage,
        chalice_zip=workspace / "out" / "deployment.zip",
        cache=ROOT / "build",
        destination=destination / "deployment.zip",
    )
    # CloudFormation takes a megabyte, of which line breaks would be a third.
    text = json.dumps(template, separators=(",", ":"), ensure_ascii=False)
    (destination / "template.json").write_text(text, encoding="utf-8")
    stamp.write_text(inputs, encoding="utf-8")
    return True


def inputs_hash() -> str:
    """One hash over everything that packaging reads, and the Python that it targets."""
    digest = hashlib.sha256(sys.version.encode())
    for pattern in _READ:
        for top in sorted(ROOT.glob(pattern)):
            for path in sorted(_files(top)):
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files(top: Path) -> list[Path]:
    if top.is_file():
        return [top]
    return [path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


if __name__ == "__main__":
    sys.exit(main())
