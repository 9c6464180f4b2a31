"""What a name, phone or identity number must be, and how much of it may be shown."""

import re
import unicodedata
from datetime import date
from enum import StrEnum

MAX_AGE = 120
MINOR_BELOW = 14
"""Below this age personal information is sensitive and a guardian must consent (PIPL, articles 28 and 31)."""

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_PROVINCES = frozenset("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46".split()) | frozenset(
    "50 51 52 53 54 61 62 63 64 65 71 81 82 83 91".split()
)
_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_PHONE = re.compile(r"1[3-9][0-9]{9}")
_NAME_MARKS = frozenset("·•.'- ")


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


class Relation(StrEnum):
    """Who the patient is to the client (for a guardian: who the guardian is to the patient)."""

    SELF = "self"
    PARENT = "parent"
    CHILD = "child"
    SPOUSE = "spouse"
    SIBLING = "sibling"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    RELATIVE = "relative"
    FRIEND = "friend"
    OTHER = "other"


def check_digit(first_17: str) -> str:
    """The last character of an identity number whose first 17 digits these are (GB 11643-1999)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True))
    return _ID_CHECK[total % 11]


def normal_id_number(value: str) -> str:
    """Without surrounding blanks and with a capital X."""
    return value.strip().upper()


def id_number_fault(value: str, *, birth_date: date, gender: Gender) -> str | None:
    """Why this cannot be the identity number of a person born that day, in Chinese; None if it can (GB 11643-1999)."""
    if not _ID.fullmatch(value) or value[:2] not in _PROVINCES:
        return "身份证号格式不对，应为 18 位"
    if check_digit(value[:17]) != value[17]:
        return "身份证号校验位不对，请核对"
    if value[6:14] != f"{birth_date:%Y%m%d}":
        return "身份证号与出生日期不一致"
    if (Gender.MALE if int(value[16]) % 2 else Gender.FEMALE) is not gender:
        return "身份证号与性别不一致"
    return None


def phone_fault(value: str) -> str | None:
    """Why this is not a mainland mobile number, in Chinese; None if it is."""
    return None if _PHONE.fullmatch(value) else "手机号应为 11 位大陆号码"


def name_fault(value: str) -> str | None:
    """Why this cannot be a person's name, in Chinese; None if it can."""
    if not 1 <= len(value) <= 40 or value != value.strip():
        return "姓名应为 1 至 40 个字，首尾不留空格"
    if not any(character.isalpha() for character in value):
        return "姓名中没有文字"
    if all(unicodedata.category(character)[0] in "LM" or character in _NAME_MARKS for character in value):
        return None
    return "姓名中有不支持的字符"


def birth_date_fault(born: date, *, today: date) -> str | None:
    """Why nobody can be born then, in Chinese; None if somebody can."""
    if born > today:
        return "出生日期不能晚于今天"
    if age_on(today, born=born) > MAX_AGE:
        return f"出生日期超过 {MAX_AGE} 年"
    return None


def age_on(day: date, *, born: date) -> int:
    """Completed years; who was born on 29 February has the birthday on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_minor(day: date, *, born: date) -> bool:
    """Whether a guardian must consent for this person that day."""
    return age_on(day, born=born) < MINOR_BELOW


def mask_name(name: str) -> str:
    """`王*`, `王*明`, `欧**明`: the first character, and from three on the last; the length stays."""
    if len(name) <= 1:
        return "*" * len(name)
    if len(name) == 2:
        return f"{name[0]}*"
    return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def mask_phone(phone: str) -> str:
    """`138****1234`."""
    return f"{phone[:3]}****{phone[-4:]}"


def mask_id_number(id_number: str) -> str:
    """`110***********1234`: neither the birth date nor the district is shown."""
    return f"{id_number[:3]}{'*' * 11}{id_number[-4:]}"
