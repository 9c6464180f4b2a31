"""What must be agreed to before a patient's record may exist (PIPL, articles 29 and 31)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import FieldError, Invalid


class ConsentPurpose(StrEnum):
    """What is agreed to. `sensitive_information` is the separate consent (单独同意) to health data."""

    SERVICE_AGREEMENT = "service_agreement"
    PRIVACY_POLICY = "privacy_policy"
    SENSITIVE_INFORMATION = "sensitive_information"
    GUARDIAN_CONSENT = "guardian_consent"
    EMERGENCY_SHARING = "emergency_sharing"
    """The separate consent to show the emergency card to a hospital's desk when help is called for (F34)."""


REQUIRED = (
    ConsentPurpose.SERVICE_AGREEMENT,
    ConsentPurpose.PRIVACY_POLICY,
    ConsentPurpose.SENSITIVE_INFORMATION,
)
_TITLES = {
    ConsentPurpose.SERVICE_AGREEMENT: "服务协议",
    ConsentPurpose.PRIVACY_POLICY: "隐私政策",
    ConsentPurpose.SENSITIVE_INFORMATION: "敏感个人信息处理（单独同意）",
    ConsentPurpose.GUARDIAN_CONSENT: "监护人同意书",
    ConsentPurpose.EMERGENCY_SHARING: "紧急情况下共享病情摘要（单独同意）",
}


class ConsentMissing(Invalid):
    """A consent that the law or our terms demand was not given; `errors` names each."""

    code = "consent_missing"
    title = "还有协议未同意"


@dataclass(frozen=True)
class Consent:
    """One consent as it was given; rows are only ever added. `by` is the account that gave it."""

    consent_id: str
    purpose: ConsentPurpose
    document_version: str
    granted_at: datetime
    by: str
    guardian_name_masked: str | None = None
    """For a guardian's consent: who consented on the patient's behalf."""


def required_for(*, minor: bool) -> tuple[ConsentPurpose, ...]:
    """The purposes that must be consented to; for a patient under 14 also by a guardian."""
    return (*REQUIRED, ConsentPurpose.GUARDIAN_CONSENT) if minor else REQUIRED


def check_given(given: Collection[ConsentPurpose], *, minor: bool, has_guardian: bool) -> None:
    """ConsentMissing unless everything that is required was given, and for a minor a guardian is named."""
    errors = [
        FieldError("consents", f"尚未同意：{_TITLES[purpose]}")
        for purpose in required_for(minor=minor)
        if purpose not in given
    ]
    if minor and not has_guardian:
        errors.append(FieldError("guardian", "未满 14 周岁，请填写监护人"))
    if errors:
        raise ConsentMissing(errors=tuple(errors))
