"""Telling the staff who are on duty."""

from collections.abc import Sequence

from functions.accounts.actions.facts import OrderFacts, OwnFacts
from functions.accounts.actions.notices import write_notice
from functions.accounts.table import base
from functions.shared.tx import Tx


def tell_staff_on_duty(tx: Tx, *, code: str, facts: OrderFacts | OwnFacts) -> Sequence[str]:
    """Put `code` into the inbox of everybody on duty; who they are."""
    staff_ids = base.policy().duty_staff_ids
    for staff_id in staff_ids:
        write_notice(tx, account_id=staff_id, code=code, facts=facts)
    return staff_ids
