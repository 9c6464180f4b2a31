"""What staff see and say of clients whose complaints are rejected again and again."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from functions.shared import clock
from functions.shared.audit import Entry
from functions.shared.http import Reading
from functions.shared.http.schemas import Body
from functions.support.rules.clients import Flag
from functions.support.table.clients import ClientStandingRow


class FlagBody(Body, frozen=True, kw_only=True):
    """标记或取消标记的理由，会留档。"""

    reason: Annotated[str, Meta(min_length=2, max_length=300, pattern=r"\S")]


class FlagView(Reading, frozen=True, kw_only=True):
    """标记：何时、为什么、由谁（`rule` 为系统按规则）。"""

    at: datetime
    reason: str
    by: str

    @classmethod
    def of(cls, flag: Flag) -> "FlagView":
        return cls(at=flag.at, reason=flag.reason, by=flag.by)


class KeptEntry(Reading, frozen=True, kw_only=True):
    """留档的一步。"""

    at: datetime
    actor: str
    act: str
    reason: str

    @classmethod
    def of(cls, entry: Entry) -> "KeptEntry":
        return cls(at=entry.at, actor=entry.actor, act=entry.act, reason=entry.reason)


class ClientStanding(Reading, frozen=True, kw_only=True):
    """客户的申诉情况，只给工作人员：近期不成立的申诉在什么时候，是否被标记，谁在何时改过。"""

    client_id: str
    rejections: list[datetime]
    flag: FlagView | None
    entries: list[KeptEntry]

    @classmethod
    def of(cls, client_id: str, row: ClientStandingRow, entries: list[Entry]) -> "ClientStanding":
        return cls(
            client_id=client_id,
            rejections=[clock.china(at) for at in row.rejections],
            flag=FlagView.of(row.flag) if row.flag else None,
            entries=[KeptEntry.of(each) for each in entries],
        )
