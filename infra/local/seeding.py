"""Fills a local stack with what staff would have checked: `python -m infra.local.seeding`.

Everything goes through the rooms' own `put_…` actions, a hundred writes at most to a transaction. Each transaction
carries a marker with the hash of what it wrote, so that a second run reads the markers and changes nothing.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.local.layout import ROOT, Layout
from infra.local.processes import StackError

SEED = ROOT / "infra" / "local" / "seed"
STAFF = (
    ("stf_agent", "agent", "agent", "kefu-demo-2026", "客服小周"),
    ("stf_agent_2", "agent2", "agent", "kefu2-demo-2026", "客服小林"),
    ("stf_finance", "finance", "finance", "caiwu-demo-2026", "财务小吴"),
    ("stf_finance_2", "finance2", "finance", "caiwu2-demo-2026", "财务小何"),
    ("stf_auditor", "auditor", "finance_reader", "shenji-demo-2026", "审计小冯"),
    ("stf_admin", "admin", "admin", "guanli-demo-2026", "管理员小郑"),
)
"""Staff id, user name, role, password, name: for a stack on this machine alone. Some acts take two people."""
INSTITUTIONS = (("hos_pumch", "hospital", "中国医学科学院北京协和医院"), ("ins_demo", "insurer", "示例保险公司"))
CATALOGUE = ("packages", "special_requests", "process_templates", "catalogue_versions")
"""What is put on the catalogue's shelves, together."""
HOLD_S = 15
PAYMENT_CHECKS_S = (HOLD_S + 30, 180, 600)
"""Behind the hold's timer, which may be ten seconds late: a check before it finds the payment that is to be late."""
COMPLAINT_WINDOW_S = 3
_DAYS_90 = 90 * 24 * 3600
_BATCH = 40
"""Rows to a transaction; some are two writes."""
_COMPANIONS = 4
"""So many companions at a time: each event starts a function in two rooms, and the emulator a process for each."""
_PATIENCE_S = 120

Put = Callable[[Any], Any]
"""One row's put action with everything but its transaction."""


@dataclass(frozen=True)
class Batch:
    """What one transaction of one room puts, and a text that changes when that changes."""

    room: str
    name: str
    content: str
    puts: Sequence[Put]


def main() -> None:
    begun = time.monotonic()
    layout = Layout.of_make_up()
    try:
        use(json.loads(layout.stack_file.read_text(encoding="utf-8")))
        written = seed(layout.folder, json.loads(layout.stack_file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        sys.exit("there is no local stack yet; make one with: make up")
    except StackError as error:
        sys.exit(str(error))
    what = f"{written} transactions written in {time.monotonic() - begun:.1f} s" if written else "unchanged"
    print(f"{what}; staff: {', '.join(logins())}")


def logins() -> list[str]:
    """User name and password of each member of staff, for people."""
    return [f"{username} / {password}" for _, username, _, password, _ in STAFF]


def use(facts: Mapping[str, Any]) -> None:
    """Point this process at the stack: the rooms read their environment on first use."""
    os.environ.update(facts["credentials"], STAGE=facts["stage"])
    os.environ["WEBHOOK_ALLOWED_HOSTS"] = "127.0.0.1"


def seed(folder: Path, facts: Mapping[str, Any]) -> int:
    """Write every batch that is not written yet; returns how many were. `folder` keeps the institutions' keys.

    When it returns, the companions can be booked and can sign in.
    """
    with ThreadPoolExecutor(4) as pool:
        written = sum(sum(pool.map(write, group)) for group in _groups(folder, facts))
    for batch in companion_batches():
        written += write(batch)
        _wait_until_known(batch)
    return written


def _groups(folder: Path, facts: Mapping[str, Any]) -> Iterator[list[Batch]]:
    yield list(_directory())
    yield [*_people(folder), *_catalogue(), *_insurance(facts), *_policies(), *_handbook()]


def all_batches(folder: Path, facts: Mapping[str, Any]) -> list[Batch]:
    """Everything that the seed consists of, in the order in which it is written."""
    return [*(batch for group in _groups(folder, facts) for batch in group), *companion_batches()]


def _wait_until_known(batch: Batch) -> None:
    """Until booking can offer this batch's companions and accounts lets them sign in as such."""
    from functions.accounts.table import identities
    from functions.booking import table as booking
    from functions.shared.caller import Role

    waiting = [row["id"] for row in json.loads(batch.content)]
    deadline = time.monotonic() + _PATIENCE_S
    while waiting:
        account = identities.find_account(waiting[-1])
        if account and Role.COMPANION in account.roles and booking.find_companion(waiting[-1]):
            waiting.pop()
        elif time.monotonic() > deadline:
            raise StackError(f"the companion {waiting[-1]} did not reach the other rooms; look at: make logs")
        else:
            time.sleep(0.2)


def write(batch: Batch) -> int:
    """1 if the batch was written now, 0 if it was there. An emulator that is too busy to answer is asked again."""
    for patience_s in (1, 2, 4, 8):
        try:
            return _write_once(batch)
        except _silent():
            time.sleep(patience_s)
    return _write_once(batch)


def _silent() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError
    from pynamodb.exceptions import PynamoDBConnectionError

    from functions.shared.errors import Unavailable

    return BotoCoreError, PynamoDBConnectionError, Unavailable


def _write_once(batch: Batch) -> int:
    from functions.shared import clock, ids
    from functions.shared.tx import AlreadyDone, Marker, Reply, Tx, retrying

    digest = hashlib.sha256(batch.content.encode()).hexdigest()
    marker = Marker(scope="seed", key=f"{batch.name}#{digest[:24]}")
    tx = Tx(batch.room, now=clock.now(), correlation_id=ids.new("seed"), marker=marker)
    if tx.find_reply() is not None:
        return 0

    def attempt() -> None:
        tx.restart()
        for put in batch.puts:
            put(tx)
        tx.reply = Reply(200, "seeded")
        tx.commit()

    try:
        retrying(attempt)
    except AlreadyDone:
        return 0
    return 1


def _batches(
    room: str, name: str, rows: Sequence[Any], put: Callable[[Any, Any], Any], *, size: int = _BATCH
) -> Iterator[Batch]:
    """`put(tx, row)` for all rows, so many to a transaction."""
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        content = json.dumps(part, ensure_ascii=False, default=str, sort_keys=True)
        yield Batch(room, f"{name}-{start}", content, [_bound(put, row) for row in part])


def _unpacked(put: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """`put(tx, **row)` for a row of the seed."""
    return lambda tx, row: put(tx, **row)


def _bound(put: Callable[[Any, Any], Any], row: Any) -> Put:
    return lambda tx: put(tx, row)


def _rows(name: str) -> list[dict[str, Any]]:
    text = (SEED / f"{name}.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return rows


def _directory() -> Iterator[Batch]:
    from functions.hospitals import actions as hospitals

    yield from _batches("hospitals", "cities", _rows("cities"), _unpacked(hospitals.put_city))
    yield from _batches("hospitals", "hospitals", _rows("hospitals"), _unpacked(hospitals.put_hospital))
    yield from _guide_maps()
    yield from _batches("hospitals", "desks", _rows("emergency_desks"), _unpacked(hospitals.put_desk))


def _guide_maps() -> Iterator[Batch]:
    from functions.hospitals import actions as hospitals
    from infra.local.guides import generic_guide

    places = _rows("guide_maps")
    rows = [
        {"hospital": hospital, "campus": campus, "places": places}
        for hospital in _rows("hospitals")
        for campus in hospital["campuses"]
    ]

    def put(tx: Any, row: dict[str, Any]) -> None:
        site = {name: value for name, value in row["campus"].items() if name != "id"}
        hospitals.put_guide_map(
            tx,
            hospital_id=row["hospital"]["id"],
            campus=hospitals.Campus(campus_id=row["campus"]["id"], **site),
            guide=generic_guide(row["hospital"], row["campus"], row["places"]),
        )

    yield from _batches("hospitals", "guide_maps", rows, put)


def _handbook() -> Iterator[Batch]:
    from functions.companions.actions import handbook
    from functions.companions.rules.handbook_search import Term
    from infra.local.handbook import articles, in_parts

    terms = [Term(row["term"], tuple(row["said"])) for row in _rows("handbook_terms")]
    yield Batch("companions", "handbook_terms", repr(terms), [lambda tx: handbook.put_terms(tx, terms)])
    for number, part in enumerate(in_parts(articles(SEED / "handbook"), size=12)):
        yield Batch("companions", f"handbook-{number}", repr(part), [_bound(handbook.put_articles, part)])


def _catalogue() -> Iterator[Batch]:
    from functions.booking.actions import catalogue, terms

    said = {name: _rows(name) for name in CATALOGUE}
    content = json.dumps(said, ensure_ascii=False, default=str, sort_keys=True)
    yield Batch("booking", "catalogue", content, [lambda tx: catalogue.put_catalogue(tx, **said)])
    yield from _batches("booking", "checklists", _rows("checklists"), _unpacked(catalogue.put_checklist))
    yield from _batches("booking", "terms", _rows("cancellation_terms"), _unpacked(terms.put_cancellation_terms))
    yield from _discounts()


def _discounts() -> Iterator[Batch]:
    from functions.booking.actions import coupons, subsidies

    yield from _batches("booking", "subsidies", _rows("subsidy_programmes"), _unpacked(subsidies.put_programme))
    yield from _batches("booking", "coupons", _rows("coupon_campaigns"), _unpacked(coupons.put_campaign))


def companion_batches() -> Iterator[Batch]:
    """The companions, a few to a batch."""
    from functions.companions import actions as companions

    yield from _batches(
        "companions", "companions", _rows("companions"), _unpacked(companions.put_companion), size=_COMPANIONS
    )


def _people(folder: Path) -> Iterator[Batch]:
    from functions.accounts import actions as accounts
    from functions.shared.caller import Role

    templates = _rows("notice_templates")
    yield from _batches("accounts", "notices", templates, _unpacked(accounts.put_notice_template))
    openids = [(companion_id, companion_openid(number)) for companion_id, number in companion_numbers().items()]
    yield from _batches(
        "accounts", "openids", openids, lambda tx, row: accounts.link_companion(tx, companion_id=row[0], openid=row[1])
    )

    def put_staff(tx: Any, row: tuple[str, str, str, str, str]) -> None:
        staff_id, username, role, password, name = row
        accounts.put_staff(
            tx, staff_id=staff_id, username=username, password=password, roles={Role(role)}, display_name=name
        )

    yield from _batches("accounts", "staff", STAFF, put_staff)

    def put_institution(tx: Any, row: tuple[str, str, str, dict[str, Any]]) -> None:
        institution_id, role, name, public_jwk = row
        accounts.put_institution(tx, institution_id=institution_id, role=Role(role), name=name, public_jwk=public_jwk)

    keys = institution_keys(folder)
    institutions = [
        (*row, {name: value for name, value in keys[row[0]].items() if name != "d"}) for row in INSTITUTIONS
    ]
    yield from _batches("accounts", "institutions", institutions, put_institution)


def companion_openid(number: int) -> str:
    """The WeChat user behind the nth companion of the seed, from 1: sign in as `op-companion-001` at the stand-in."""
    return f"op-companion-{number:03d}"


def companion_numbers() -> dict[str, int]:
    """The seed's companions by id, numbered from 1 for `companion_openid`."""
    return {row["id"]: number for number, row in enumerate(_rows("companions"), 1)}


def institution_keys(folder: Path) -> dict[str, dict[str, Any]]:
    """The institutions' private keys by institution id, made once: only the public halves go into the stack."""
    from joserfc.jwk import ECKey

    path = folder / "institution_keys.json"
    if not path.exists():
        made = {
            row[0]: ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}).as_dict(private=True)
            for row in INSTITUTIONS
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made, indent=2), encoding="utf-8")
    kept: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _insurance(facts: Mapping[str, Any]) -> Iterator[Batch]:
    from functions.insurance import actions as insurance

    products = _rows("insurance_products")
    yield from _batches("insurance", "products", products, _unpacked(insurance.put_product))
    secrets = json.loads((Path(facts["standins_folder"]) / "keys.json").read_text(encoding="utf-8"))
    endpoint = {
        "endpoint_id": "standin",
        "insurer_id": "ins_demo",
        "url": f"{facts['standins']['insurer']}/webhooks",
        "event_types": ["policy.issued", "policy.endorsed", "policy.surrendered", "claim.moved"],
        "secret": secrets["insurer"]["webhook_secret"],
    }
    yield from _batches("insurance", "endpoint", [endpoint], _unpacked(insurance.put_endpoint))


def _policies() -> Iterator[Batch]:
    """Thresholds under which an order can be played in half a minute; a visit may begin whenever it is booked for."""
    from functions.accounts import actions as accounts
    from functions.accounts.rules.policy import Policy as AccountsPolicy
    from functions.booking import actions as booking
    from functions.booking.actions import dispatch_rules
    from functions.booking.rules.dispatch import DispatchPolicy, Mode, ModeRule
    from functions.booking.rules.policy import Policy as BookingPolicy
    from functions.booking.rules.preparation import PreparationPolicy, Reminder
    from functions.settlement import actions as settlement
    from functions.settlement.rules.policy import Policy as SettlementPolicy
    from functions.tracking import actions as tracking
    from functions.tracking.rules.policy import Policy as TrackingPolicy

    people = AccountsPolicy(duty_staff_ids=("stf_agent", "stf_agent_2"))
    book = BookingPolicy(hold_s=HOLD_S, offer_ttl_s=120, offer_floor_s=60, lead_time_s=0)
    settle = SettlementPolicy(complaint_window_s=COMPLAINT_WINDOW_S, payment_check_delays_s=PAYMENT_CHECKS_S)
    track = TrackingPolicy(opens_before_s=_DAYS_90, share_interval_s=1)
    early = Reminder(days_before=90, at_min=0, late_min=2 * 90 * 24 * 60)
    prepare = PreparationPolicy(day_before=early)
    chengdu, shanghai = ModeRule(Mode.HALL, city="510100"), ModeRule(Mode.BOTH, city="310000", round_s=30)
    ways = DispatchPolicy(rules=(chengdu, shanghai))
    yield Batch("accounts", "policy", repr(people), [lambda tx: accounts.put_policy(tx, people)])
    yield Batch("booking", "policy", repr(book), [lambda tx: booking.put_policy(tx, book)])
    yield Batch("booking", "dispatch", repr(ways), [lambda tx: dispatch_rules.put_dispatch_policy(tx, ways)])
    yield Batch("booking", "preparation", repr(prepare), [lambda tx: booking.put_preparation_policy(tx, prepare)])
    yield Batch("settlement", "policy", repr(settle), [lambda tx: settlement.put_policy(tx, settle)])
    yield Batch("tracking", "policy", repr(track), [lambda tx: tracking.put_policy(tx, policy=track)])


if __name__ == "__main__":
    main()
