"""Uploads: what may be sent, what arrived, what is refused."""

import pytest

from functions.shared import aws, clock, files
from functions.shared.config import config
from functions.shared.errors import Invalid
from tests.harness.world import World

_JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


def uploaded(world: World, content: bytes, content_type: str = "image/jpeg") -> str:
    leave = files.allow_upload(
        "companions", owner="acc_1", content_type=content_type, kinds=files.DOCUMENTS, now=clock.now()
    )
    world.upload({"fields": leave.fields}, content)
    return leave.file_id


def test_a_leave_names_the_bucket_the_key_and_the_type(world: World) -> None:
    leave = files.allow_upload("care", owner="acc_1", content_type="image/png", kinds=files.PHOTOS, now=clock.now())
    assert config().files_bucket in leave.url
    assert leave.fields["key"] == f"care/acc_1/{leave.file_id}"
    assert leave.fields["Content-Type"] == "image/png"
    assert leave.expires_at - clock.now() == files.UPLOAD_TTL


def test_a_type_that_is_not_wanted_is_refused_before_any_upload(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        files.allow_upload("care", owner="acc_1", content_type="text/html", kinds=files.PHOTOS, now=clock.now())
    assert refused.value.errors[0].field == "content_type"


def test_an_uploaded_file_is_described_and_opens_by_its_link(world: World) -> None:
    stored = files.inspect("companions", owner="acc_1", file_id=uploaded(world, _JPEG), kinds=files.DOCUMENTS)
    assert (stored.content_type, stored.size_bytes, len(stored.sha256)) == ("image/jpeg", len(_JPEG), 64)
    files.keep(stored)
    tags = aws.client("s3", read_timeout_s=10).get_object_tagging(Bucket=config().files_bucket, Key=stored.key)
    assert tags["TagSet"] == [{"Key": "state", "Value": "kept"}]
    assert files.read(stored.key) == _JPEG
    assert "filename" in files.link(stored.key, name="健康证.jpg")


def test_a_page_that_calls_itself_a_picture_is_refused(world: World) -> None:
    file_id = uploaded(world, b"<html><script>alert(1)</script>")
    with pytest.raises(files.UploadRefused):
        files.inspect("companions", owner="acc_1", file_id=file_id, kinds=files.DOCUMENTS)


@pytest.mark.parametrize("owner", ["acc_2", "acc_1/../acc_2"])
def test_nobody_can_name_the_file_of_another_owner(world: World, owner: str) -> None:
    file_id = uploaded(world, _JPEG)
    with pytest.raises(files.UploadMissing):
        files.inspect("companions", owner=owner, file_id=file_id, kinds=files.DOCUMENTS)


def test_a_file_that_never_arrived_is_missing(world: World) -> None:
    leave = files.allow_upload("care", owner="a", content_type="image/png", kinds=files.PHOTOS, now=clock.now())
    with pytest.raises(files.UploadMissing):
        files.inspect("care", owner="a", file_id=leave.file_id, kinds=files.PHOTOS)
    with pytest.raises(files.UploadMissing):
        files.inspect("care", owner="a", file_id="../../other", kinds=files.PHOTOS)
