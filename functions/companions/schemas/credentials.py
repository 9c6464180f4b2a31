"""Certificates: uploading, attaching, deciding."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from functions.companions.actions.certificates import Held
from functions.companions.rules.credentials import CREDENTIAL_TITLES, CredentialKind, CredentialState
from functions.shared import clock
from functions.shared.http import Reading
from functions.shared.http.schemas import Body


class UploadBody(Body, frozen=True):
    """要上传的文件；照片为 JPEG 或 PNG，扫描件可用 PDF，最大 10 MB。"""

    content_type: Annotated[str, Meta(max_length=100, examples=["image/jpeg"])]


class CredentialBody(Body, frozen=True):
    """一份证件：先上传文件，再在这里登记。长期有效的证件，有效期填 2099-12-31。"""

    kind: CredentialKind
    number: Annotated[str, Meta(min_length=4, max_length=40)]
    issued_by: Annotated[str, Meta(min_length=2, max_length=60)]
    expires_on: date
    file_id: Annotated[str, Meta(max_length=64)]


class RefuseBody(Body, frozen=True):
    """证件不通过的理由，申请人看得到。"""

    reason: Annotated[str, Meta(min_length=2, max_length=200)]


class HeldView(Reading, frozen=True, kw_only=True):
    """一份已上传的证件。`expired` 按今天算；`refusal` 是未通过的理由。

    `used_by` 只给运营人员：同一个文件曾由另一个账号上传过，请仔细核对。
    """

    credential_id: str
    kind: CredentialKind
    title: str
    state: CredentialState
    expired: bool
    number_masked: str
    issued_by: str
    expires_on: date
    uploaded_at: datetime
    decided_at: datetime | None
    refusal: str
    used_by: str | None

    @classmethod
    def of(cls, held: Held, *, staff: bool = False) -> "HeldView":
        return cls(
            credential_id=held.credential_id,
            kind=held.kind,
            title=CREDENTIAL_TITLES[held.kind],
            state=held.state,
            expired=held.expired,
            number_masked=held.number_masked,
            issued_by=held.issued_by,
            expires_on=held.expires_on,
            uploaded_at=clock.china(held.uploaded_at),
            decided_at=held.decided_at and clock.china(held.decided_at),
            refusal=held.refusal,
            used_by=held.used_by if staff else None,
        )


class HeldList(Reading, frozen=True, kw_only=True):
    """一个陪诊师上传过的、仍然作数的证件。"""

    items: list[HeldView]


class FileLink(Reading, frozen=True, kw_only=True):
    """五分钟内有效的查看地址。"""

    url: str
