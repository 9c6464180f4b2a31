"""Gives a companion of a stack income that may be withdrawn: `python -m tests.stack.rich_companion COMPANION FEN`.

The money comes as it always does (paid, divided, released), only without the visit; and a day's withdrawals are not
counted, so that nothing but the balance is in the way.
"""

import json
import sys
from functools import partial

from infra.local import seeding
from infra.local.layout import Layout


def main(companion_id: str, amount: str) -> None:
    seeding.use(json.loads(Layout.of_make_up().stack_file.read_text(encoding="utf-8")))

    from functions.settlement.actions.ledger import post
    from functions.settlement.rules import ledger
    from functions.settlement.rules.ledger import Division
    from functions.settlement.rules.withdrawals import PayoutPolicy
    from functions.settlement.table.payouts import put_payout_policy
    from functions.shared import clock, ids

    order_id, fen, now = ids.new("ord"), int(amount), clock.now()
    division = Division(
        companion_id=companion_id, insurer_id="ins_demo", share_fen=fen, commission_fen=0, premium_fen=0
    )
    policy = PayoutPolicy(daily_count=1_000, daily_fen=100_000_000)
    booked = (
        ledger.payment_received(payment_id=ids.derived("pay", order_id), order_id=order_id, amount_fen=fen, at=now),
        ledger.order_split(order_id=order_id, held_fen=fen, division=division, at=now),
        ledger.income_released(order_id=order_id, companion_id=companion_id, amount_fen=fen, at=now),
    )
    for each in booked:
        seeding.write(seeding.Batch("settlement", each.id, each.id, [partial(post, transaction=each)]))
    put = partial(put_payout_policy, wanted=policy)
    seeding.write(seeding.Batch("settlement", "payout-policy", repr(policy), [put]))


if __name__ == "__main__":
    main(*sys.argv[1:])
