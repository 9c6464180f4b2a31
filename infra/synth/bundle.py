"""The zip that every function runs: the product, Chalice's runtime, and the dependencies for the target, trimmed.

The same input gives the same bytes, so that the package's name (its hash) changes only when its content does.
"""

import compileall
import gzip
import hashlib
import json
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.assets import AssetError, docs_assets
from infra.synth.project import ROOT, SynthError

MAX_ZIP_BYTES = 25_000_000
AWS_SERVICES = frozenset(
    "apigatewaymanagementapi dynamodb events kms lambda s3 scheduler secretsmanager sqs ssm stepfunctions sts".split()
)
"""The services whose botocore models are shipped; a client of any other raises UnknownServiceError."""
PARTITIONS = frozenset({"aws", "aws-cn"})
_UNUSED_FOLDERS = frozenset({"tests", "test", "testing", "examples", "include", "lib64", "bin", "__pycache__"})
_UNUSED_SUFFIXES = (".pyi", ".pyx", ".pxd", ".c", ".h", ".cc", ".typed", ".md", ".rst", ".exe")
_UNUSED_PARTS = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[!_j]*",  # all but jmespath_utils, which the logger imports
    "cffi",  # cryptography needs its compiled half only
    "pycparser",
    "wechatpayv3/async_",
)
"""A third of all files. Each function unpacks the package before its first call; tests import what is left."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def bundle(*, stage: str, chalice_zip: Path, cache: Path, destination: Path) -> None:
    """Write the package of `stage` to `destination`. `cache` keeps trimmed, compiled dependencies between runs."""
    product = cache / f"product-{stage}"
    shutil.rmtree(product, ignore_errors=True)
    product.mkdir(parents=True)
    _extract_chalice(chalice_zip, product)
    shutil.copytree(ROOT / "functions", product / "functions", ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    shutil.copy(ROOT / "app.py", product)
    (product / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "openapi.json", product / "docs")
    for name, content in _docs_assets(cache).items():
        (product / name).parent.mkdir(parents=True, exist_ok=True)
        (product / name).write_bytes(content)
    _compile(product)
    write_zip([dependencies(stage, cache), product], destination)
    size = destination.stat().st_size
    if size > MAX_ZIP_BYTES:
        raise SynthError(f"the package is {size / 1e6:.1f} MB, more than {MAX_ZIP_BYTES / 1e6:.0f}")


def _docs_assets(cache: Path) -> dict[str, bytes]:
    try:
        return docs_assets(cache)
    except AssetError as error:
        raise SynthError(str(error)) from error


def dependencies(stage: str, cache: Path) -> Path:
    """The target's dependencies, installed by hash, trimmed and compiled, once per lock file and version of this."""
    lock = ROOT / "requirements.txt"
    target = _target(stage)
    made_from = "|".join([*target, lock.read_text(encoding="utf-8"), Path(__file__).read_text(encoding="utf-8")])
    folder = cache / f"dependencies-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}"
    if folder.exists():
        return folder
    for outdated in cache.glob("dependencies-*"):
        shutil.rmtree(outdated)
    fresh = folder.with_suffix(".new")
    uv = Path(sys.executable).with_name("uv")
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--target", fresh, "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", *target, "--requirements", lock]
    # Copies, not links into uv's cache: what is trimmed here would otherwise be trimmed in every environment.
    command += ["--link-mode", "copy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SynthError(f"the dependencies cannot be installed: {done.stderr.strip()[-500:]}")
    trim(fresh)
    _compile(fresh)
    fresh.rename(folder)
    return folder


def _target(stage: str) -> list[str]:
    """What uv installs for. Lambda is Linux on x86_64; the local stack runs the package on this very machine."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = (platform.system(), platform.machine())
    if stage == "local" and here != ("Linux", "x86_64"):
        return ["--python-version", version]
    glibc = "2_17" if sys.version_info < (3, 12) else "2_28"
    return ["--python-version", version, "--python-platform", f"x86_64-manylinux_{glibc}"]


def trim(folder: Path) -> None:
    """Remove what no function reads: tests, type stubs, sources in C, metadata, botocore's models of other services."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.name in _UNUSED_FOLDERS or path.name.endswith(_UNUSED_SUFFIXES):
            _remove(path)
    for part in [part for pattern in _UNUSED_PARTS for part in folder.glob(pattern)]:
        _remove(part)
    for metadata in folder.glob("*.dist-info"):
        _trim_metadata(metadata)
    _trim_botocore(folder / "botocore" / "data")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _trim_metadata(folder: Path) -> None:
    """Only name and version stay, for the packages that ask for their own version when imported."""
    lines = (folder / "METADATA").read_text(encoding="utf-8").splitlines()
    shutil.rmtree(folder)
    folder.mkdir()
    kept = [line for line in lines if line.startswith(("Metadata-Version:", "Name:", "Version:"))]
    (folder / "METADATA").write_text("\n".join(kept[:3]) + "\n", encoding="utf-8")


def _trim_botocore(data: Path) -> None:
    for service in data.iterdir():
        if service.is_dir() and service.name not in AWS_SERVICES:
            shutil.rmtree(service)
        elif service.is_dir():
            for superseded in sorted(service.iterdir())[:-1]:
                shutil.rmtree(superseded)
    for unused in [*data.rglob("examples-1.json*"), *data.rglob("waiters-2.json*")]:
        unused.unlink()
    for model in list(data.rglob("service-2.json*")):
        _trim_model(model)
    for name in ("endpoints.json", "partitions.json"):
        path = data / name
        if path.exists():
            path.write_text(
                json.dumps(_of_our_partitions(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8"
            )


def _trim_model(path: Path) -> None:
    """A service's model without its prose, four fifths of it, which every client would parse; the zip compresses it."""
    raw = path.read_bytes()
    model = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    path.unlink()
    # Whenever botocore builds an address of S3, it insists on what these few say of themselves.
    kept = {name: model[name] for name in ("clientContextParams",) if name in model}
    text = json.dumps(_without_documentation(model) | kept, separators=(",", ":"))
    path.with_name("service-2.json").write_text(text, encoding="utf-8")


def _without_documentation(node: Any) -> Any:
    """(A shape may have a member called `documentation`; only text under that key is prose.)"""
    if isinstance(node, dict):
        prose = isinstance(node.get("documentation"), str)
        return {
            name: _without_documentation(each) for name, each in node.items() if name != "documentation" or not prose
        }
    return [_without_documentation(each) for each in node] if isinstance(node, list) else node


def _of_our_partitions(document: dict[str, Any]) -> dict[str, Any]:
    """The endpoints file of botocore with our partitions and services only. (partitions.json calls the key `id`.)"""
    kept = []
    for partition in document["partitions"]:
        if partition.get("partition", partition.get("id")) in PARTITIONS:
            services = {name: value for name, value in partition.get("services", {}).items() if _is_used(name)}
            kept.append({**partition, "services": services} if services else partition)
    return {**document, "partitions": kept}


def _is_used(endpoint_prefix: str) -> bool:
    return endpoint_prefix in AWS_SERVICES | {"execute-api", "states", "streams.dynamodb"}


def _extract_chalice(chalice_zip: Path, folder: Path) -> None:
    with zipfile.ZipFile(chalice_zip) as package:
        package.extractall(folder, [name for name in package.namelist() if name.startswith("chalice/")])


def _compile(folder: Path) -> None:
    """Compiled code beside each source, trusted unseen: the zip's times are all 1980 and would make Python doubt it."""
    done = compileall.compile_dir(
        folder,
        quiet=1,
        stripdir=str(folder),
        prependdir="/var/task",
        workers=1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise SynthError(f"Python {platform.python_version()} cannot compile something in {folder}")


def write_zip(folders: list[Path], destination: Path) -> None:
    """The files of `folders` in one zip: sorted, with one time and one mode, so that equal content is equal bytes."""
    fresh = destination.with_suffix(".new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        for name, path in sorted(_files(folders)):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, path.read_bytes())
    os.replace(fresh, destination)


def _files(folders: list[Path]) -> Iterator[tuple[str, Path]]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path
