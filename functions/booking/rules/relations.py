"""Who likes whom, who does not, and who accompanied whom before (B7)."""

from dataclasses import dataclass, replace

from functions.shared.errors import Conflict, NotFound

MAX_FAVOURITES = 50
MAX_BLOCKS = 50
_REMEMBERED = 20


class TooMany(Conflict):
    """The list is full."""

    code = "too_many"
    title = "名单已满，请先移除一些再添加"


@dataclass(frozen=True)
class Relations:
    """What one client's matching must know of companions: bounded, so that it is one small row."""

    favourites: tuple[str, ...] = ()
    """Companion ids, the latest first."""
    blocks: tuple[str, ...] = ()
    """Companions whom the client does not want, the latest first."""
    blocked_by: tuple[str, ...] = ()
    """Companions who do not want to serve the client."""
    accompanied: tuple[tuple[str, str], ...] = ()
    """(patient id, companion id) of completed orders, the latest first."""

    def is_blocked(self, companion_id: str) -> bool:
        """Whether the two are never to be brought together, whoever of them said so."""
        return companion_id in self.blocks or companion_id in self.blocked_by

    @property
    def blocked(self) -> frozenset[str]:
        return frozenset((*self.blocks, *self.blocked_by))

    def known_to(self, patient_id: str) -> frozenset[str]:
        """Companions who completed an order for this patient."""
        return frozenset(companion_id for patient, companion_id in self.accompanied if patient == patient_id)

    def wished_for(self, patient_id: str) -> tuple[str, ...]:
        """Whom the client would like to find, whatever the index says: those who were there before come first."""
        before = [companion_id for patient, companion_id in self.accompanied if patient == patient_id]
        return tuple(each for each in dict.fromkeys([*before, *self.favourites]) if not self.is_blocked(each))


def with_favourite(relations: Relations, companion_id: str) -> Relations:
    """Blocked before or not: a favourite is not blocked by the client any more. TooMany."""
    return replace(
        relations,
        favourites=_with(relations.favourites, companion_id, MAX_FAVOURITES),
        blocks=_without(relations.blocks, companion_id),
    )


def without_favourite(relations: Relations, companion_id: str) -> Relations:
    """NotFound unless it was one."""
    if companion_id not in relations.favourites:
        raise NotFound()
    return replace(relations, favourites=_without(relations.favourites, companion_id))


def with_block(relations: Relations, companion_id: str) -> Relations:
    """Who is blocked is no favourite. TooMany."""
    return replace(
        relations,
        blocks=_with(relations.blocks, companion_id, MAX_BLOCKS),
        favourites=_without(relations.favourites, companion_id),
    )


def without_block(relations: Relations, companion_id: str) -> Relations:
    """NotFound unless it was one."""
    if companion_id not in relations.blocks:
        raise NotFound()
    return replace(relations, blocks=_without(relations.blocks, companion_id))


def with_refusal(relations: Relations, companion_id: str) -> Relations:
    """The companion does not want to serve the client any more. TooMany."""
    return replace(relations, blocked_by=_with(relations.blocked_by, companion_id, MAX_BLOCKS))


def without_refusal(relations: Relations, companion_id: str) -> Relations:
    """NotFound unless they had said so."""
    if companion_id not in relations.blocked_by:
        raise NotFound()
    return replace(relations, blocked_by=_without(relations.blocked_by, companion_id))


def with_visit(relations: Relations, *, patient_id: str, companion_id: str) -> Relations:
    """An order was completed; only the latest pairs are remembered."""
    pairs = dict.fromkeys([(patient_id, companion_id), *relations.accompanied])
    return replace(relations, accompanied=tuple(pairs)[:_REMEMBERED])


def _with(ids: tuple[str, ...], new: str, most: int) -> tuple[str, ...]:
    if new in ids:
        return ids
    if len(ids) >= most:
        raise TooMany(f"最多 {most} 位")
    return (new, *ids)


def _without(ids: tuple[str, ...], old: str) -> tuple[str, ...]:
    return tuple(each for each in ids if each != old)
