"""The rules of companions, pure: one module per topic.

`profiles`     who may work, and what may be shown of them
`credentials`  certificates, their check and their expiry
`applications` how somebody becomes a companion
`tiers`        初级, 中级, 高级
`records`      what a companion did lately
`policy`       the room's thresholds
"""

from functions.companions.rules.credentials import (
    REQUIRED_CREDENTIALS,
    Credential,
    CredentialKind,
    CredentialsMissing,
)
from functions.companions.rules.profiles import (
    RATING_MAX_HUNDREDTHS,
    TRANSITIONS,
    CompanionState,
    Gender,
    IllegalTransition,
    Profile,
    ProfileInvalid,
    Service,
    SuspensionReason,
    Tier,
    certify,
    checked,
    move,
)

__all__ = [
    "RATING_MAX_HUNDREDTHS",
    "REQUIRED_CREDENTIALS",
    "TRANSITIONS",
    "CompanionState",
    "Credential",
    "CredentialKind",
    "CredentialsMissing",
    "Gender",
    "IllegalTransition",
    "Profile",
    "ProfileInvalid",
    "Service",
    "SuspensionReason",
    "Tier",
    "certify",
    "checked",
    "move",
]
