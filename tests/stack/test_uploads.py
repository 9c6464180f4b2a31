"""Uploads against a bucket that reads policy forms, as S3 does and moto does not."""

import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping

import pytest

from functions.shared import aws, clock, files
from functions.shared.config import config
from tests.stack.running import Stack

_JPEG = b"\xff\xd8\xff\xe0" + bytes(500)


@pytest.fixture
def bucket(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`shared.files` in this process, on the stack's bucket."""
    for name, value in stack.facts["credentials"].items():
        monkeypatch.setenv(name, value)
    account = stack.client("sts").get_caller_identity()["Account"]
    monkeypatch.setenv("FILES_BUCKET", f"zhenban-{stack.facts['stage']}-files-{account}")
    config.cache_clear()
    aws.client.cache_clear()
    yield
    monkeypatch.undo()
    config.cache_clear()
    aws.client.cache_clear()


def post_form(url: str, fields: Mapping[str, str], content: bytes) -> int:
    """A browser's multipart form post; the status of the answer."""
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    last = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = "".join([*parts, last]).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def leave() -> files.Upload:
    return files.allow_upload("care", owner="acc_1", content_type="image/jpeg", kinds=files.PHOTOS, now=clock.now())


@pytest.mark.usefixtures("bucket")
def test_the_form_uploads_one_file_and_the_link_opens_it() -> None:
    form = leave()
    assert post_form(form.url, form.fields, _JPEG) in (200, 204)
    stored = files.inspect("care", owner="acc_1", file_id=form.file_id, kinds=files.PHOTOS)
    files.keep(stored)
    with urllib.request.urlopen(files.link(stored.key, name="检查单.jpg"), timeout=10) as answer:
        assert answer.read() == _JPEG


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("changed", "content"),
    [
        ({"Content-Type": "text/html"}, _JPEG),
        ({"key": "care/acc_2/fil_x"}, _JPEG),
        ({}, bytes(10_000_001)),
        ({}, b""),
    ],
    ids=["another type", "another owner's key", "too large", "empty"],
)
def test_the_form_allows_nothing_but_what_was_asked(changed: dict[str, str], content: bytes) -> None:
    form = leave()
    assert post_form(form.url, {**form.fields, **changed}, content) in (400, 403)


@pytest.mark.usefixtures("bucket")
def test_without_a_link_nobody_reads(stack: Stack) -> None:
    form = leave()
    post_form(form.url, form.fields, _JPEG)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{form.url}/{form.fields['key']}", timeout=10)
    assert refused.value.code == 403
