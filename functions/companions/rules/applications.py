"""From wanting to be a companion to being one: what is asked, who decides, and in which order (F27)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from functions.accounts.rules import identity
from functions.booking.rules.conditions import ConditionType
from functions.companions.rules.credentials import REQUIRED_CREDENTIALS, CredentialKind, CredentialState
from functions.companions.rules.policy import Policy
from functions.companions.rules.profiles import Gender, Service, specialty_claims
from functions.shared import clock
from functions.shared.errors import Conflict, FieldError, Invalid

MAX_DEPARTMENTS = 90
"""All departments of a companion are projected in one transaction."""
MAX_PHONE_CHECKS = 20
_LANGUAGE = re.compile(r"[a-z][a-z_]{1,29}")


class ApplicationState(StrEnum):
    """The life of an application."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    MORE_NEEDED = "more_needed"
    APPROVED = "approved"
    REJECTED = "rejected"


_S = ApplicationState
APPLICATION_MOVES: Mapping[ApplicationState, frozenset[ApplicationState]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED}),
    _S.SUBMITTED: frozenset({_S.MORE_NEEDED, _S.APPROVED, _S.REJECTED}),
    _S.MORE_NEEDED: frozenset({_S.SUBMITTED, _S.REJECTED}),
    _S.APPROVED: frozenset(),
    _S.REJECTED: frozenset(),
}
EDITABLE = frozenset({_S.DRAFT, _S.MORE_NEEDED})
"""While the application is with the applicant."""


class Decision(StrEnum):
    """What staff may make of a submitted application."""

    APPROVED = "approved"
    REJECTED = "rejected"
    MORE_NEEDED = "more_needed"


class RefusalReason(StrEnum):
    """Why an application is rejected, in few enough kinds to count."""

    CREDENTIALS = "credentials"
    PHONE_CHECK = "phone_check"
    UNTRUTHFUL = "untruthful"
    UNSUITABLE = "unsuitable"
    NOT_NEEDED = "not_needed"


REFUSAL_TITLES: Mapping[RefusalReason, str] = {
    RefusalReason.CREDENTIALS: "资质不符合要求",
    RefusalReason.PHONE_CHECK: "电话核实未通过",
    RefusalReason.UNTRUTHFUL: "材料与事实不符",
    RefusalReason.UNSUITABLE: "暂不适合陪诊工作",
    RefusalReason.NOT_NEEDED: "所选城市或科室暂不招募",
}


class PhoneOutcome(StrEnum):
    """How the call with an applicant went."""

    CONFIRMED = "confirmed"
    UNREACHABLE = "unreachable"
    MISMATCH = "mismatch"
    DECLINED = "declined"


class ApplicationInvalid(Invalid):
    """Something in the application cannot be right; `errors` says what."""

    code = "application_invalid"
    title = "申请资料有误"


class ApplicationNotOpen(Conflict):
    """The application's state does not allow this step."""

    code = "application_state"
    title = "申请当前状态不允许此操作"


class ApplicationExists(Conflict):
    """One application at a time."""

    code = "application_exists"
    title = "您已有一份进行中的申请"


class AlreadyCompanion(Conflict):
    """The account is a companion already."""

    code = "already_companion"
    title = "您已经是陪诊师"


class TooSoon(Conflict):
    """The last application was rejected too short a time ago; `members.reapply_from` says when to come back."""

    code = "reapply_too_soon"
    title = "距上次申请未通过的时间太短"


class ApplicationIncomplete(Conflict):
    """Required certificates are missing or were refused; `errors` names each."""

    code = "application_incomplete"
    title = "申请材料还不齐"


class PhoneCheckMissing(Conflict):
    """Nobody has spoken with the applicant since the application was submitted."""

    code = "phone_check_missing"
    title = "本次提交后还没有通过电话核实"


class TooManyPhoneChecks(Conflict):
    """The application holds as many calls as it may."""

    code = "too_many_phone_checks"
    title = "电话核实记录已满"


@dataclass(frozen=True)
class Draft:
    """What an applicant says of themselves; phone and identity number stand beside it, sealed."""

    name: str
    gender: Gender
    birth_year: int
    city: str
    languages: tuple[str, ...]
    serves: tuple[Service, ...]
    intro: str
    specialties: tuple[ConditionType, ...] = ()


@dataclass(frozen=True)
class PhoneCheck:
    """One call with the applicant: who made it, when, how it went."""

    at: datetime
    by: str
    outcome: PhoneOutcome
    note: str


@dataclass(frozen=True)
class Missing:
    """What the applicant is asked for: `subject` is a credential's kind or a field of the application."""

    subject: str
    note: str


def moved(state: ApplicationState, to: ApplicationState) -> ApplicationState:
    """`to`, if an application may go there; otherwise ApplicationNotOpen."""
    if to not in APPLICATION_MOVES[state]:
        raise ApplicationNotOpen()
    return to


def require_editable(state: ApplicationState) -> None:
    """ApplicationNotOpen unless the applicant holds it."""
    if state not in EDITABLE:
        raise ApplicationNotOpen("申请已提交，暂时不能修改")


def require_state(state: ApplicationState, wanted: ApplicationState) -> None:
    """ApplicationNotOpen unless it is in this state."""
    if state is not wanted:
        raise ApplicationNotOpen()


def checked(draft: Draft, *, today: date, policy: Policy) -> Draft:
    """`draft`, if a companion can be like that; otherwise ApplicationInvalid."""
    age = today.year - draft.birth_year
    hospitals = [service.hospital_id for service in draft.serves]
    departments = [(each.hospital_id, department) for each in draft.serves for department in each.department_ids]
    claims = (
        (identity.name_fault(draft.name) is None, "name", identity.name_fault(draft.name) or ""),
        (
            policy.min_age <= age <= policy.max_age,
            "birth_year",
            f"申请人应年满 {policy.min_age} 至 {policy.max_age} 周岁",
        ),
        (bool(draft.languages), "languages", "至少一种语言"),
        (all(_LANGUAGE.fullmatch(each) for each in draft.languages), "languages", "语言代码如 mandarin、cantonese"),
        (len(set(draft.languages)) == len(draft.languages), "languages", "语言重复"),
        (bool(departments), "serves", "至少服务一个科室"),
        (all(each.department_ids for each in draft.serves), "serves", "每家医院至少一个科室"),
        (len(set(hospitals)) == len(hospitals), "serves", "医院重复"),
        (len(set(departments)) == len(departments), "serves", "科室重复"),
        (len(departments) <= MAX_DEPARTMENTS, "serves", f"最多 {MAX_DEPARTMENTS} 个科室"),
        *specialty_claims(draft.specialties),
    )
    errors = tuple(FieldError(field, message) for holds, field, message in claims if not holds)
    if errors:
        raise ApplicationInvalid(errors=errors)
    return draft


def check_identity(*, id_number: str, phone: str, draft: Draft) -> None:
    """ApplicationInvalid unless number and phone are well formed and the number agrees with the draft."""
    faults = {"id_number": _id_fault(id_number, draft), "phone": identity.phone_fault(phone)}
    errors = tuple(FieldError(field, fault) for field, fault in faults.items() if fault)
    if errors:
        raise ApplicationInvalid(errors=errors)


def check_reapply(rejected_at: datetime | None, *, now: datetime, policy: Policy) -> None:
    """TooSoon while the cool-down after a rejection runs."""
    if rejected_at is None:
        return
    again = rejected_at + timedelta(days=policy.reapply_after_days)
    if now < again:
        raise TooSoon(members={"reapply_from": clock.china(again).isoformat()})


def check_ready(held: Mapping[CredentialKind, CredentialState], *, id_card_matches: bool) -> None:
    """ApplicationIncomplete unless each required certificate is there, none is refused, and the card is theirs."""
    errors = [
        *(FieldError(f"credentials.{kind}", "还没有上传") for kind in sorted(REQUIRED_CREDENTIALS - set(held))),
        *(
            FieldError(f"credentials.{kind}", "未通过核验，请重新上传")
            for kind, state in sorted(held.items())
            if state is CredentialState.REFUSED
        ),
    ]
    if CredentialKind.ID_CARD in held and not id_card_matches:
        errors.append(FieldError("credentials.id_card", "证件号与申请中的身份证号不一致"))
    if errors:
        raise ApplicationIncomplete(errors=tuple(errors))


def check_phone(checks: Iterable[PhoneCheck], *, submitted_at: datetime) -> None:
    """PhoneCheckMissing unless the last call since the submission confirmed what was submitted."""
    outcomes = [check.outcome for check in checks if check.at >= submitted_at]
    if not outcomes or outcomes[-1] is not PhoneOutcome.CONFIRMED:
        raise PhoneCheckMissing()


def with_phone_check(checks: Sequence[PhoneCheck], check: PhoneCheck) -> tuple[PhoneCheck, ...]:
    """The calls so far and this one; TooManyPhoneChecks."""
    if len(checks) >= MAX_PHONE_CHECKS:
        raise TooManyPhoneChecks()
    return (*checks, check)


def _id_fault(id_number: str, draft: Draft) -> str | None:
    try:
        born = date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return "身份证号格式不对，应为 18 位"
    if born.year != draft.birth_year:
        return "身份证号与出生年份不一致"
    return identity.id_number_fault(id_number, birth_date=born, gender=identity.Gender(draft.gender))
