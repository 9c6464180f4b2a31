"""The leave to upload one file, as every room gives it."""

from datetime import datetime

from functions.shared import clock, files
from functions.shared.http.schemas import Reading


class UploadForm(Reading, frozen=True, kw_only=True):
    """五分钟内把 `fields` 与文件以表单提交到 `url`，文件放最后、字段名 `file`；之后的请求里写上 `file_id`。"""

    file_id: str
    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_at: datetime

    @classmethod
    def of(cls, upload: files.Upload) -> "UploadForm":
        return cls(
            file_id=upload.file_id,
            url=upload.url,
            fields=dict(upload.fields),
            max_bytes=upload.max_bytes,
            expires_at=clock.china(upload.expires_at),
        )
