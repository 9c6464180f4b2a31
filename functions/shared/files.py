"""Files that people upload and download: straight to and from the bucket, never through the API.

    upload = files.allow_upload("companions", owner=account_id, content_type="image/jpeg", kinds=files.PHOTOS, now=now)
    # the app posts `fields` and the file to `url` as a form, then names `file_id` in the next request
    stored = files.inspect("companions", owner=account_id, file_id=file_id, kinds=files.PHOTOS)
    url = files.link(stored.key, name="健康证.jpg")

The bucket accepts only the type and the sizes that were allowed. What a file says it is and what it holds are compared
again by `inspect`, because a browser sends whatever type it is told. An uploaded file that no room refers to is
removed after a day; `keep` is what refers to it.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.shared import aws, ids
from functions.shared.config import config
from functions.shared.errors import Conflict, FieldError, Invalid

UPLOAD_TTL = timedelta(minutes=5)
LINK_TTL = timedelta(minutes=5)
_MB = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A type of file: how large it may be, and the bytes with which one of its kind begins (`offset`, bytes)."""

    content_type: str
    max_bytes: int
    magic: tuple[tuple[int, bytes], ...]


_JPEG = Kind("image/jpeg", 10 * _MB, ((0, b"\xff\xd8\xff"),))
_PNG = Kind("image/png", 10 * _MB, ((0, b"\x89PNG\r\n\x1a\n"),))
_PDF = Kind("application/pdf", 10 * _MB, ((0, b"%PDF-"),))
_MP3 = Kind("audio/mpeg", 2 * _MB, ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2")))
_AAC = Kind("audio/aac", 2 * _MB, ((0, b"\xff\xf1"), (0, b"\xff\xf9")))
_M4A = Kind("audio/mp4", 2 * _MB, ((4, b"ftyp"),))

PHOTOS: Mapping[str, Kind] = {kind.content_type: kind for kind in (_JPEG, _PNG)}
DOCUMENTS: Mapping[str, Kind] = {kind.content_type: kind for kind in (_JPEG, _PNG, _PDF)}
VOICE: Mapping[str, Kind] = {kind.content_type: kind for kind in (_MP3, _AAC, _M4A)}


class UploadMissing(Conflict):
    """The file was allowed but is not there: the upload failed, or its five minutes were over."""

    code = "upload_missing"
    title = "文件尚未上传成功，请重新上传"


class UploadRefused(Invalid):
    """The file is not what its type says."""

    code = "upload_refused"
    title = "文件内容与格式不符"


@dataclass(frozen=True)
class Upload:
    """What an app needs to post one file: a multipart form of `fields`, the file last under the name `file`."""

    file_id: str
    url: str
    fields: Mapping[str, str]
    expires_at: datetime
    max_bytes: int


@dataclass(frozen=True)
class Stored:
    """A file that arrived and is what it says. Equal `sha256` means the same picture, whoever sent it."""

    file_id: str
    key: str
    content_type: str
    size_bytes: int
    sha256: str
    content: bytes = dataclasses.field(default=b"", repr=False)


def allow_upload(
    room: str, *, owner: str, content_type: str, kinds: Mapping[str, Kind], now: datetime, field: str = "content_type"
) -> Upload:
    """Leave to upload one file of this type within five minutes; Invalid (at `field`) for a type that is not wanted.

    `owner` is whose file it is (an account, an order): nobody can name a file of another owner. No store is read.
    """
    kind = kinds.get(content_type)
    if kind is None:
        raise Invalid(errors=(FieldError(field, f"只接受 {'、'.join(sorted(kinds))}"),))
    file_id = ids.new("fil", now)
    form = _client().generate_presigned_post(
        config().files_bucket,
        _key(room, owner, file_id),
        Fields={"Content-Type": content_type, "tagging": _TAGGING_NEW},
        Conditions=[
            {"Content-Type": content_type},
            {"tagging": _TAGGING_NEW},
            ["content-length-range", 1, kind.max_bytes],
        ],
        ExpiresIn=int(UPLOAD_TTL.total_seconds()),
    )
    return Upload(file_id, form["url"], form["fields"], now + UPLOAD_TTL, kind.max_bytes)


def inspect(room: str, *, owner: str, file_id: str, kinds: Mapping[str, Kind], field: str = "file_id") -> Stored:
    """The file, read once and compared with its type. UploadMissing; UploadRefused (at `field`)."""
    from botocore.exceptions import ClientError

    if not ids.is_id("fil", file_id):
        raise UploadMissing(errors=(FieldError(field, "没有这个文件"),))
    key = _key(room, owner, file_id)
    try:
        answer = _client().get_object(Bucket=config().files_bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied"):
            raise UploadMissing(errors=(FieldError(field, "没有这个文件"),)) from error
        raise
    content_type, body = str(answer["ContentType"]), answer["Body"].read()
    kind = kinds.get(content_type)
    begins = kind is not None and any(body[at : at + len(magic)] == magic for at, magic in kind.magic)
    if kind is None or not begins or len(body) > kind.max_bytes:
        raise UploadRefused(errors=(FieldError(field, "文件内容与格式不符，或大小超限"),))
    return Stored(file_id, key, content_type, len(body), hashlib.sha256(body).hexdigest(), body)


def keep(stored: Stored) -> None:
    """Take the mark off that lets an unused upload expire; call it before the row that names the file is committed."""
    _client().put_object_tagging(
        Bucket=config().files_bucket, Key=stored.key, Tagging={"TagSet": [{"Key": "state", "Value": "kept"}]}
    )


def put(room: str, *, owner: str, file_id: str, content: bytes, content_type: str) -> str:
    """Store a file that we made (a statement, a document); its key."""
    key = _key(room, owner, file_id)
    _client().put_object(Bucket=config().files_bucket, Key=key, Body=content, ContentType=content_type)
    return key


def read(key: str) -> bytes:
    """The whole file."""
    body: bytes = _client().get_object(Bucket=config().files_bucket, Key=key)["Body"].read()
    return body


def link(key: str, *, name: str | None = None) -> str:
    """An address that opens the file for five minutes; with `name` a browser saves it under that name."""
    from urllib.parse import quote

    arguments = {"Bucket": config().files_bucket, "Key": key}
    if name:
        arguments["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    url: str = _client().generate_presigned_url("get_object", arguments, ExpiresIn=int(LINK_TTL.total_seconds()))
    return url


_TAGGING_NEW = "<Tagging><TagSet><Tag><Key>state</Key><Value>new</Value></Tag></TagSet></Tagging>"


def _key(room: str, owner: str, file_id: str) -> str:
    return f"{room}/{owner}/{file_id}"


def _client() -> Any:
    return aws.client("s3", read_timeout_s=10)
