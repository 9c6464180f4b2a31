"""Gives a stack companions beyond its seed: `python -m tests.stack.many_companions HOSPITAL DEPARTMENT CITY COUNT`.

Signing up two hundred people is another test's business. Here booking is told of them as by their activation, and each
gets an access token; the last line is a JSON object of tokens by companion id.
"""

import json
import sys
from datetime import timedelta
from functools import partial

from infra.local import seeding
from infra.local.layout import Layout

_BATCH = 12
"""Of one transaction: each is a few rows."""


def main(hospital_id: str, department_id: str, city: str, count: str) -> None:
    seeding.use(json.loads(Layout.of_make_up().stack_file.read_text(encoding="utf-8")))

    from functions.accounts.minting import access_token
    from functions.booking import actions as booking
    from functions.booking.rules.matching import Companion, Gender
    from functions.booking.rules.policy import Tier
    from functions.shared import clock
    from functions.shared.caller import Role

    companions = [
        Companion(
            companion_id=f"cmp_racer_{number:03d}",
            display_name=f"测试{number:03d}",
            city=city,
            tier=Tier.JUNIOR,
            gender=Gender.FEMALE,
            languages=frozenset({"mandarin"}),
            first_aid_certified=False,
            rating_hundredths=None,
            completed_visits=0,
            cases_by_department={},
            serves={hospital_id: frozenset({department_id})},
        )
        for number in range(int(count))
    ]
    for start in range(0, len(companions), _BATCH):
        part = companions[start : start + _BATCH]
        puts = [partial(booking.project_companion, companion=companion, sequence=1) for companion in part]
        seeding.write(seeding.Batch("booking", f"racers-{start}", repr(part), puts))
    roles, now = frozenset({Role.COMPANION}), clock.now()
    ends_at = now + timedelta(minutes=15)
    tokens = {
        each.companion_id: access_token(each.companion_id, roles=roles, now=now, expires_at=ends_at)
        for each in companions
    }
    sys.stdout.write(json.dumps(tokens))


if __name__ == "__main__":
    main(*sys.argv[1:])
