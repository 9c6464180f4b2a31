"""What the room's routes are declared on, and what several of them parse alike."""

import re

from functions.booking.rules.matching import Wanted
from functions.booking.schemas.orders import WantedConditions
from functions.booking.schemas.quotes import CandidatesQuery
from functions.shared.caller import STAFF, Role
from functions.shared.errors import FieldError, Invalid
from functions.shared.http import Routes, decode_cursor

routes = Routes("booking")
PARTIES = {Role.CLIENT, Role.COMPANION, *STAFF}


def wanted_of(conditions: CandidatesQuery | WantedConditions) -> Wanted:
    return Wanted(gender=conditions.gender, language=conditions.language, first_aid=conditions.first_aid)


def matched(form: re.Pattern[str], cursor: str) -> re.Match[str] | None:
    """The sort key in `cursor`, None for the first page; Invalid if it does not have the list's form."""
    text = decode_cursor(cursor)
    if text is None:
        return None
    match = form.fullmatch(text)
    if match is None:
        raise Invalid(errors=(FieldError("cursor", "分页游标无效，请从第一页重新开始"),))
    return match
