"""The package: small, complete, and the same from the same."""

import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app import MODULES
from infra.synth.bundle import AWS_SERVICES, MAX_ZIP_BYTES, trim, write_zip


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    return folder


def run_inside(folder: Path, code: str, capability: str) -> str:
    """Run `code` with nothing but the package to import from, as Lambda would."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=folder,
        env={"STAGE": "dev", "AWS_DEFAULT_REGION": "us-east-1", "CAPABILITY": capability},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_small(package: Path) -> None:
    assert package.stat().st_size <= MAX_ZIP_BYTES


@pytest.mark.parametrize("capability", sorted(MODULES))
def test_every_function_starts_from_the_package_alone(unpacked: Path, capability: str) -> None:
    handler = capability if capability in ("authorizer", "relay", "live") or "_events" in capability else "app"
    run_inside(unpacked, f"import app; assert callable(getattr(app, {handler!r}))", capability)


def test_what_is_imported_only_when_used_is_there_too(unpacked: Path) -> None:
    used = ("h3", "joserfc.jwt", "standardwebhooks", "wechatpayv3", "cryptography.hazmat.primitives.ciphers.aead")
    run_inside(unpacked, "; ".join(f"import {name}" for name in used), "operations")


def test_every_aws_service_in_use_has_its_model(unpacked: Path) -> None:
    clients = "; ".join(f"session.create_client({name!r})" for name in sorted(AWS_SERVICES))
    run_inside(unpacked, f"from botocore.session import get_session; session = get_session(); {clients}", "operations")


def test_files_are_signed_for_from_the_package_alone(unpacked: Path) -> None:
    asked = "owner='a', content_type='image/jpeg', kinds=files.PHOTOS, now=clock.now()"
    lines = (
        "import os",
        "os.environ.update(AWS_ACCESS_KEY_ID='a', AWS_SECRET_ACCESS_KEY='b')",
        "from functions.shared import clock, files",
        f"files.allow_upload('booking', {asked})",
        "files.link('booking/a/b')",
    )
    run_inside(unpacked, "; ".join(lines), "booking")


def test_compiled_code_is_trusted_without_a_look_at_the_source(unpacked: Path) -> None:
    loaded = run_inside(unpacked, "import functions.shared.clock as c; print(c.__cached__)", "operations").strip()
    flags = int.from_bytes(Path(loaded).read_bytes()[4:8], "little")
    assert flags == 0b01, "hash-based, unchecked"


def test_the_api_document_is_in_it(unpacked: Path) -> None:
    assert json.loads((unpacked / "docs" / "openapi.json").read_text(encoding="utf-8"))["openapi"].startswith("3.1")


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        for name in ("b.py", "a.py") if number == 1 else ("a.py", "b.py"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text("x = 1\n", encoding="utf-8")
        write_zip([folder], tmp_path / f"{number}.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_trimming_keeps_name_version_and_our_services_only(tmp_path: Path) -> None:
    metadata = tmp_path / "thing-1.dist-info"
    data = tmp_path / "botocore" / "data"
    for folder in (metadata, data / "dynamodb", data / "ec2", tmp_path / "thing" / "tests"):
        folder.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1\nAuthor: x\n\nLong.", "utf-8")
    (metadata / "RECORD").write_text("", "utf-8")
    (tmp_path / "thing" / "core.pyi").write_text("", "utf-8")
    (tmp_path / "thing" / "core.py").write_text("", "utf-8")
    partitions = {
        "partitions": [{"partition": "aws", "services": {"ec2": {}, "dynamodb": {}}}, {"partition": "aws-iso"}]
    }
    (data / "endpoints.json").write_text(json.dumps(partitions), "utf-8")
    trim(tmp_path)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"thing-1.dist-info/METADATA", "thing/core.py", "botocore/data/endpoints.json"}
    assert "Name: thing\nVersion: 1\n" in (metadata / "METADATA").read_text("utf-8")
    kept = json.loads((data / "endpoints.json").read_text("utf-8"))
    assert kept == {"partitions": [{"partition": "aws", "services": {"dynamodb": {}}}]}


def test_a_services_model_loses_its_prose_and_its_older_versions_and_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "botocore" / "data"
    old, new = data / "dynamodb" / "2011-12-05", data / "dynamodb" / "2012-08-10"
    for folder in (old, new):
        folder.mkdir(parents=True)
    member = {"documentation": {"shape": "Text", "documentation": "<p>Prose</p>"}}
    model = {"documentation": "<p>Long</p>", "shapes": {"Thing": {"type": "structure", "members": member}}}
    (old / "service-2.json").write_text("{}", "utf-8")
    (new / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(model).encode()))
    (data / "endpoints.json").write_text('{"partitions": []}', "utf-8")
    trim(tmp_path)
    assert [path.name for path in (data / "dynamodb").iterdir()] == ["2012-08-10"]
    assert json.loads((new / "service-2.json").read_text("utf-8")) == {
        "shapes": {"Thing": {"type": "structure", "members": {"documentation": {"shape": "Text"}}}}
    }
