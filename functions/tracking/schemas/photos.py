"""Photos that prove a step: the leave to upload one, and what is shown of them."""

from datetime import datetime
from typing import Annotated

import msgspec

from functions.shared import clock, files
from functions.shared.http.schemas import Body, Reading
from functions.tracking import table


class PhotoUploadBody(Body, frozen=True, kw_only=True):
    """要上传的照片类型：image/jpeg 或 image/png。"""

    content_type: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class PhotoView(Reading, frozen=True, kw_only=True):
    """一个节点的照片凭证；`url` 五分钟内有效，图中的拍摄位置、时间等附加信息已去除。

    `reused_from` 只给运营人员：同一张照片先前出现在哪个订单。
    """

    code: str
    title: str
    received_at: datetime
    content_type: str
    size_bytes: int
    url: str
    reused_from: str | None

    @classmethod
    def of(cls, photo: table.VisitPhoto, *, flagged: bool) -> "PhotoView":
        return cls(
            code=photo.code,
            title=photo.title,
            received_at=clock.china(photo.received_at),
            content_type=photo.content_type,
            size_bytes=int(photo.size_bytes),
            url=files.link(photo.shown_key),
            reused_from=photo.reused_from if flagged else None,
        )


class PhotoList(Reading, frozen=True, kw_only=True):
    """本次陪诊的照片凭证。"""

    items: list[PhotoView]
