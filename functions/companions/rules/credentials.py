"""Certificates: which there are, what makes one good, when it has to be renewed (F23, F27)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from functions.accounts.rules.identity import mask_id_number
from functions.shared.errors import Conflict, FieldError, Invalid

WITHOUT_END = date(2099, 12, 31)
"""How a certificate that is valid for life is written down."""
_NUMBER = re.compile(r"[A-Za-z0-9\u4e00-\u9fff()\uff08\uff09\-]{4,40}")


class CredentialKind(StrEnum):
    ID_CARD = "id_card"
    HEALTH_CERTIFICATE = "health_certificate"
    COMPANION_TRAINING = "companion_training"
    FIRST_AID = "first_aid"
    NURSE_LICENSE = "nurse_license"


CREDENTIAL_TITLES: Mapping[CredentialKind, str] = {
    CredentialKind.ID_CARD: "居民身份证",
    CredentialKind.HEALTH_CERTIFICATE: "健康证",
    CredentialKind.COMPANION_TRAINING: "陪诊师培训证书",
    CredentialKind.FIRST_AID: "急救证",
    CredentialKind.NURSE_LICENSE: "护士执业证",
}

REQUIRED_CREDENTIALS = frozenset(
    {CredentialKind.ID_CARD, CredentialKind.HEALTH_CERTIFICATE, CredentialKind.COMPANION_TRAINING}
)
"""Nobody accompanies a patient without these."""


class CredentialState(StrEnum):
    """The life of one uploaded certificate. That a verified one has expired follows from the day."""

    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"
    REPLACED = "replaced"


CREDENTIAL_MOVES: Mapping[CredentialState, frozenset[CredentialState]] = {
    CredentialState.PENDING: frozenset({CredentialState.VERIFIED, CredentialState.REFUSED, CredentialState.REPLACED}),
    CredentialState.VERIFIED: frozenset({CredentialState.REPLACED}),
    CredentialState.REFUSED: frozenset({CredentialState.REPLACED}),
    CredentialState.REPLACED: frozenset(),
}


class CredentialsMissing(Conflict):
    """A required credential is absent, unverified or expired; `errors` names each."""

    code = "credentials_missing"
    title = "必备资质不齐或未通过核验"


class CredentialInvalid(Invalid):
    """A certificate's particulars cannot be right; `errors` says which."""

    code = "credential_invalid"
    title = "证件信息有误"


class CredentialDecided(Conflict):
    """The certificate is not waiting for a check."""

    code = "credential_decided"
    title = "这份证件不在待核验状态"


class TooManyCredentials(Conflict):
    """The account has uploaded as many certificates as it may."""

    code = "too_many_credentials"
    title = "上传的证件过多，请联系客服"


@dataclass(frozen=True)
class Credential:
    """A certificate. `verified_by` is the staff member who checked the original, None until somebody did."""

    kind: CredentialKind
    number_masked: str
    issued_by: str
    expires_on: date
    verified_by: str | None = None
    credential_id: str = ""
    """The uploaded certificate behind it; empty where staff entered it without one."""

    def is_verified(self, on: date) -> bool:
        """Checked by staff and still valid on that China calendar day (its last day counts)."""
        return self.verified_by is not None and on <= self.expires_on


def moved(state: CredentialState, to: CredentialState) -> CredentialState:
    """`to`, if a certificate may go there; otherwise CredentialDecided."""
    if to not in CREDENTIAL_MOVES[state]:
        raise CredentialDecided()
    return to


def check_particulars(*, number: str, expires_on: date, today: date, min_validity_days: int) -> None:
    """CredentialInvalid unless the number looks like one and the certificate is good for a while yet."""
    claims = (
        (_NUMBER.fullmatch(number) is not None, "number", "证件号应为 4 至 40 位的字母、数字、汉字、括号或短横线"),
        (
            expires_on >= today + timedelta(days=min_validity_days),
            "expires_on",
            f"有效期至少还要有 {min_validity_days} 天，请先换证",
        ),
        (expires_on <= WITHOUT_END, "expires_on", f"长期有效的证件请填 {WITHOUT_END}"),
    )
    errors = tuple(FieldError(field, message) for holds, field, message in claims if not holds)
    if errors:
        raise CredentialInvalid(errors=errors)


def check_unexpired(expires_on: date, *, today: date) -> None:
    """CredentialInvalid for a certificate whose last day is over: nobody can vouch for it any more."""
    if today > expires_on:
        raise CredentialInvalid(errors=(FieldError("expires_on", "证件已过期，请让对方换证后重新上传"),))


def masked(kind: CredentialKind, number: str) -> str:
    """As much of the number as may be shown: the ends, and never so much that the rest could be guessed."""
    if kind is CredentialKind.ID_CARD and len(number) == 18:
        return mask_id_number(number)
    shown = 2 if len(number) >= 8 else 1
    return f"{number[:shown]}{'*' * (len(number) - 2 * shown)}{number[-shown:]}"


def require(credentials: Iterable[Credential], on: date) -> None:
    """CredentialsMissing unless every required credential is verified that day."""
    held = {credential.kind for credential in credentials if credential.is_verified(on)}
    missing = sorted(REQUIRED_CREDENTIALS - held)
    if missing:
        raise CredentialsMissing(
            errors=tuple(FieldError(f"credentials.{kind}", "缺失、未核验或已过期") for kind in missing)
        )


def warning_due(expires_on: date, *, today: date, warn_days: Iterable[int], warned: int | None) -> int | None:
    """The warning that is due: the smallest of `warn_days` that is reached and was not given; None if there is none.

    `warned` is the warning given last. Who missed one gets the nearest, not all of them.
    """
    left = (expires_on - today).days
    reached = [days for days in warn_days if 0 <= left <= days]
    nearest = min(reached, default=None)
    return nearest if nearest is not None and (warned is None or nearest < warned) else None


def next_check(expiries: Iterable[date], *, today: date, warn_days: Iterable[int]) -> date | None:
    """The next day after `today` on which a warning or an expiry falls due; a year ahead at most. None without any."""
    ahead = [-1, *warn_days]
    days = [day for end in expiries for each in ahead if (day := end - timedelta(days=each)) > today]
    return min(*days, today + timedelta(days=365)) if days else None
