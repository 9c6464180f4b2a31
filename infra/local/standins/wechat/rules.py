"""What WeChat checks in a subscribe message and in a text that a user publishes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_CHINESE: Final = r"[\u3007\u3400-\u9fff·]"
VALUE_RULES: Final[Mapping[str, str]] = {
    "thing": r"[^\r\n]{1,20}",
    "number": r"-?[0-9.]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[!-~]{1,32}",
    "time": r"[0-9:：年月日/\-~ ]{1,40}",
    "date": r"[0-9:：年月日/\-~ ]{1,40}",
    "amount": r"[^\d\s]?[0-9,]{1,10}(\.[0-9]{1,2})?元?",
    "phone_number": r"[0-9+\-() ]{1,17}",
    "car_number": r"\w{1,8}",
    "name": rf"({_CHINESE}{{1,10}}|[A-Za-z ]{{1,20}})",
    "phrase": rf"{_CHINESE}{{1,5}}",
}
"""The kind of a value is its key without the number: `thing1` is a `thing`."""

RISKY: Final = ("代开病历", "买卖号源", "办假证", "枪支", "毒品", "赌博", "加微信转账")
DOUBTFUL: Final = ("黄牛", "加急挂号", "私下交易", "骗子", "偏方")


def broken_value(data: Mapping[str, Any], keys: Iterable[str] | None) -> str | None:
    """The first thing that is wrong with a message's data, as WeChat words it; None if it is fine.

    `keys` are those of the template, None if it is not known.
    """
    for key in keys if keys is not None else data:
        value = data.get(key)
        text = value.get("value") if isinstance(value, dict) else None
        if not isinstance(text, str) or not text:
            return f"data.{key}.value is empty"
        rule = VALUE_RULES.get(key.rstrip("0123456789"))
        if rule is None or not re.fullmatch(rule, text):
            return f"data.{key}.value invalid"
    return None if data else "data is empty"


def suggestion(text: str) -> tuple[str, int]:
    """WeChat's `suggest` and `label` for a text: `risky`, `review` or `pass`."""
    compact = re.sub(r"\s", "", text)
    if any(word in compact for word in RISKY):
        return "risky", 20002
    if any(word in compact for word in DOUBTFUL):
        return "review", 20006
    return "pass", 100
