"""What other rooms may read of accounts, and what fills it before anybody signs in.

The room's own acts are in the modules beside: `sessions`, `patients`, `guests`, `notices`, `pushes`.
"""

from functions.accounts.actions.emergency_cards import find_emergency_summary
from functions.accounts.actions.reads import PatientCard, find_patient_card, openid_of, patient_of, require_guest
from functions.accounts.actions.seeding import (
    link_companion,
    put_account,
    put_institution,
    put_notice_template,
    put_policy,
    put_staff,
)
from functions.accounts.actions.voip import VoipSignature, sign_voip

__all__ = [
    "PatientCard",
    "VoipSignature",
    "find_emergency_summary",
    "find_patient_card",
    "link_companion",
    "openid_of",
    "patient_of",
    "put_account",
    "put_institution",
    "put_notice_template",
    "put_policy",
    "put_staff",
    "require_guest",
    "sign_voip",
]
