"""Claims by the client (F36): drafted, shown what the insurer will see, handed in, appealed, withdrawn."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from functions.insurance import table as policies
from functions.insurance.events import ClaimMoved
from functions.insurance.rules import claims as rules
from functions.insurance.rules.claims import ClaimFile, ClaimNotFound, ClaimState, EvidenceItem, Step
from functions.insurance.rules.policies import IllegalMove
from functions.insurance.table import claims as table
from functions.insurance.table.claims import ClaimRow
from functions.shared import clock, files, ids
from functions.shared.errors import NotFound, PreconditionFailed
from functions.shared.tx import Tx

ROOM = "insurance"
_MOST_FILES = 20


@dataclass(frozen=True)
class Bundle:
    """What an insurer is shown of a claim, and the digest by which the client agrees to just that."""

    story: str
    amount_fen: int
    items: Sequence[EvidenceItem]
    files: Sequence[ClaimFile]

    @property
    def digest(self) -> str:
        return rules.digest_of(self.items, self.files, self.story, self.amount_fen)


def draft_claim(
    tx: Tx, *, order_id: str, client_id: str, peril: str, amount_fen: int, story: str, messages: Sequence[int]
) -> ClaimRow:
    """Begin a claim for one loss of an insured order; a withdrawn one may be begun again. Three reads.

    Raises NotFound, NotCovered, FilingClosed, AmountTooHigh, ClaimExists.
    """
    row = policies.find_policy(order_id)
    if row is None or row.client_id != client_id:
        raise NotFound()
    policy = row.to_policy()
    covered = rules.check_filing(policy, peril, amount_fen, has_begun=_has_begun(order_id), now=tx.now)
    place = table.find_claim_of_order(order_id, peril)
    if place is not None:
        earlier = table.find_claim(place.claim_id)
        if earlier is not None and earlier.at is not ClaimState.WITHDRAWN:
            raise rules.ClaimExists(members={"claim_id": place.claim_id})
    claim = table.new_claim_row(ids.new("clm", tx.now), story=story)
    claim.order_id, claim.policy_id, claim.client_id = order_id, policy.policy_id, client_id
    claim.insurer_id, claim.peril, claim.peril_title = policy.insurer_id, peril, covered.title
    claim.amount_fen, claim.limit_fen, claim.deductible_fen = amount_fen, covered.limit_fen, covered.deductible_fen
    claim.messages = tuple(messages)
    claim.state, claim.steps = ClaimState.DRAFT, (Step(state=ClaimState.DRAFT, at=tx.now, by="client"),)
    tx.insert(claim)
    place = place or table.ClaimOfOrderRow(*table.claim_of_order_key(order_id, peril))
    place.claim_id = claim.claim_id
    tx.save(place)
    return claim


def change_claim(
    tx: Tx, *, claim_id: str, client_id: str, amount_fen: int, story: str, messages: Sequence[int], version: int
) -> ClaimRow:
    """Say it otherwise, before it is handed in or when more is asked for. ClaimNotFound, IllegalMove, AmountTooHigh."""
    claim = own_claim(claim_id, client_id)
    if int(claim.version) != version:
        raise PreconditionFailed()
    _require_changeable(claim)
    if amount_fen > claim.limit_fen + claim.deductible_fen:
        raise rules.AmountTooHigh()
    claim.amount_fen, claim.messages = amount_fen, tuple(messages)
    claim.sealed_story = claim.seal("story", story)
    tx.save(claim)
    return claim


def allow_file(*, claim_id: str, client_id: str, content_type: str, now: datetime) -> files.Upload:
    """Leave to upload one document in five minutes. Raises ClaimNotFound, IllegalMove, Invalid."""
    claim = own_claim(claim_id, client_id)
    _require_changeable(claim)
    return files.allow_upload(ROOM, owner=claim_id, content_type=content_type, kinds=files.DOCUMENTS, now=now)


def add_file(tx: Tx, *, claim_id: str, client_id: str, file_id: str, title: str) -> ClaimRow:
    """Put an uploaded document to the claim. ClaimNotFound, IllegalMove, UploadMissing, UploadRefused."""
    claim = own_claim(claim_id, client_id)
    _require_changeable(claim)
    if len(claim.files) >= _MOST_FILES:
        raise IllegalMove("每次报案最多 20 份材料")
    stored = tx.once(f"file#{file_id}", lambda: _kept(claim_id, file_id))
    if all(each.file_id != file_id for each in claim.files):
        added = ClaimFile(
            file_id=file_id,
            key=stored.key,
            title=title,
            content_type=stored.content_type,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            added_at=tx.now,
        )
        claim.files = (*claim.files, added)
        tx.save(claim)
    return claim


def bundle_of(claim_id: str, *, client_id: str) -> Bundle:
    """What the insurer would be shown now. ClaimNotFound."""
    return _bundle(own_claim(claim_id, client_id))


def submit(tx: Tx, *, claim_id: str, client_id: str, digest: str) -> ClaimRow:
    """Hand it in, or hand in what was asked for; the digest says to what exactly the client agrees.

    Raises ClaimNotFound, IllegalMove, EvidenceChanged; the first time NotCovered, FilingClosed.
    """
    claim = own_claim(claim_id, client_id)
    to = ClaimState.UNDER_REVIEW if claim.at is ClaimState.EVIDENCE_REQUESTED else ClaimState.SUBMITTED
    if claim.at not in rules.MAY_CHANGE:
        raise IllegalMove(f"报案{rules.TITLES[claim.at]}，不能再提交")
    bundle = _bundle(claim)
    if bundle.digest != digest:
        raise rules.EvidenceChanged()
    if not claim.submissions:
        row = policies.find_policy(claim.order_id)
        assert row is not None, "a claim is of a policy"
        rules.check_handing_in(row.to_policy(), now=tx.now)
    claim.digest, claim.submissions = digest, int(claim.submissions) + 1
    claim.sealed_items = claim.seal("items", msgspec.json.encode(bundle.items).decode())
    if claim.submissions == 1:
        month = clock.service_date(tx.now).strftime("%Y-%m")
        key = table.claim_of_insurer_key(claim.insurer_id, month, claim_id)
        tx.insert(table.ClaimOfInsurerRow(*key, claim_id=claim_id))
    move(tx, claim, to, by="client")
    return claim


def appeal(tx: Tx, *, claim_id: str, client_id: str, reason: str) -> ClaimRow:
    """Have a rejection looked at again, once. ClaimNotFound, AppealedBefore, IllegalMove."""
    claim = own_claim(claim_id, client_id)
    if claim.appealed_at is not None:
        raise rules.AppealedBefore()
    claim.appealed_at, claim.sealed_appeal = tx.now, claim.seal("appeal", reason)
    move(tx, claim, ClaimState.APPEALED, by="client")
    return claim


def withdraw(tx: Tx, *, claim_id: str, client_id: str) -> ClaimRow:
    """Nothing is claimed any more. ClaimNotFound, IllegalMove."""
    claim = own_claim(claim_id, client_id)
    move(tx, claim, ClaimState.WITHDRAWN, by="client")
    return claim


def own_claim(claim_id: str, client_id: str) -> ClaimRow:
    """The client's claim; ClaimNotFound for anybody else's."""
    claim = table.find_claim(claim_id)
    if claim is None or claim.client_id != client_id:
        raise ClaimNotFound()
    return claim


def claims_of_order(order_id: str, *, client_id: str) -> list[ClaimRow]:
    """Every claim of an order of the client's: a read for each, of which there are few."""
    return [claim for claim in table.found_claims_of_order(order_id) if claim.client_id == client_id]


def move(tx: Tx, claim: ClaimRow, to: ClaimState, *, by: str) -> None:
    """The claim in its new state, told to whoever is concerned."""
    claim.state = rules.move_claim(claim.at, to)
    claim.steps = (*claim.steps, Step(state=to, at=tx.now, by=by))
    tx.save(claim)
    tx.emit(
        ClaimMoved(
            claim_id=claim.claim_id,
            order_id=claim.order_id,
            policy_id=claim.policy_id,
            client_id=claim.client_id,
            insurer_id=claim.insurer_id,
            state=to,
            step=len(claim.steps),
            by=by,
            amount_fen=claim.approved_fen or 0,
            is_over=rules.is_over(to, was_appealed=claim.appealed_at is not None),
        )
    )


def shown_items(claim: ClaimRow) -> list[EvidenceItem]:
    """What the client agreed to show when the claim was handed in last."""
    sealed = claim.opened("items", claim.sealed_items)
    return msgspec.json.decode(sealed, type=list[EvidenceItem]) if sealed else []


def _has_begun(order_id: str) -> bool:
    from functions.tracking import actions as tracking

    try:
        return tracking.find_visit(ids.derived("vis", order_id)).state is not tracking.VisitState.SCHEDULED
    except tracking.VisitNotFound:
        return False


def _bundle(claim: ClaimRow) -> Bundle:
    from functions.tracking.actions.claim_evidence import facts_of

    facts = facts_of(ids.derived("vis", claim.order_id), client_id=claim.client_id, messages=claim.messages)
    items = [
        EvidenceItem(
            kind=fact.kind,
            at=fact.at,
            title=fact.title,
            detail=json.dumps(dict(fact.detail), ensure_ascii=False, sort_keys=True),
        )
        for fact in facts
    ]
    return Bundle(claim.opened("story", claim.sealed_story) or "", int(claim.amount_fen), items, claim.files)


def _require_changeable(claim: ClaimRow) -> None:
    if claim.at not in rules.MAY_CHANGE:
        raise IllegalMove(f"报案{rules.TITLES[claim.at]}，不能再修改")


def _kept(claim_id: str, file_id: str) -> files.Stored:
    stored = files.inspect(ROOM, owner=claim_id, file_id=file_id, kinds=files.DOCUMENTS)
    files.keep(stored)
    return stored
