"""A companion of whom clients complain too often, and the people around the rectification."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from functions.companions.actions import handbook
from functions.companions.rules.profiles import CompanionState
from functions.shared import ids
from functions.shared.tx import Tx
from functions.support.events import ComplaintClosed
from functions.support.rules.complaints import Category
from functions.support.table import rectifications as table
from infra.local.handbook import articles
from tests.accounts.makers import COMPANION, commit, put_templates
from tests.companions.makers import profile_of, put
from tests.harness.world import Person, Reply, World

ARTICLE = "service_standards"
_SEED = Path(__file__).parents[2] / "infra" / "local" / "seed" / "handbook"
ANSWER = "已重新学习服务规范，此后每单提前十五分钟到院签到，延误先打电话。"


@dataclass
class Loop:
    """The seeded companion, with twenty visits or fewer behind them: two upheld complaints are too many."""

    world: World

    @property
    def companion(self) -> Person:
        return self.world.person("companion", subject=COMPANION)

    def agent(self, name: str = "two") -> Person:
        return self.world.person("agent", subject=f"stf_{name}")

    def complain(
        self, times: int = 1, *, upheld: bool = True, category: Category = Category.LATE_ARRIVAL, by: str = "stf_one"
    ) -> None:
        """So many complaints of the companion come to their end."""
        for _ in range(times):
            complaint_id = ids.new("cpl")
            commit("support", partial(self._close, complaint_id=complaint_id, upheld=upheld, category=category, by=by))
            self.world.publish(
                ComplaintClosed(
                    complaint_id=complaint_id,
                    order_id=ids.new("ord"),
                    client_id=ids.new("acc"),
                    companion_id=COMPANION,
                    category=category,
                    upheld=upheld,
                )
            )
            self.world.deliver()

    def _close(self, tx: Tx, *, complaint_id: str, upheld: bool, category: Category, by: str) -> None:
        tx.insert(
            table.ClosedComplaintRow(
                *table.closed_key(COMPANION, tx.now, complaint_id),
                complaint_id=complaint_id,
                category=category,
                is_upheld=upheld,
                decided_by=by,
                closed_at=tx.now,
            )
        )

    def suspended(self, *, by: str = "stf_one") -> dict[str, Any]:
        """Two complaints were upheld; the notice that this brought."""
        self.complain(2, by=by)
        return self.read()

    def read(self, as_: Person | None = None) -> dict[str, Any]:
        (line, *_) = self.world.get("/rectifications", as_=self.companion).body["items"]
        reply = self.world.get(self.path(line["rectification_id"]), as_=as_ or self.companion)
        assert reply.status == 200, reply.body
        body: dict[str, Any] = reply.body
        return body

    def path(self, rectification_id: str) -> str:
        return f"/companions/{COMPANION}/rectifications/{rectification_id}"

    def act(self, what: str, body: Any, *, as_: Person | None = None, **options: Any) -> Reply:
        path = self.path(self.read()["rectification_id"])
        reply = self.world.post(f"{path}/{what}", body, as_=as_ or self.companion, **options)
        self.world.deliver()
        return reply

    def learn(self, article_id: str = ARTICLE) -> Reply:
        return self.act("training", {"article_id": article_id})

    def answer(self, **more: Any) -> Reply:
        return self.act("answer", {"text": ANSWER} | more)

    def answered(self) -> None:
        assert self.learn().status == 200
        assert self.answer().status == 200

    def inspect(self, outcome: str, days: int | None = None, *, by: str = "two") -> Reply:
        body = {"outcome": outcome, "reason": "已查看签到记录与整改说明"} | ({"days": days} if days else {})
        return self.act("re-inspection", body, as_=self.agent(by))

    def on_duty(self, *names: str) -> None:
        for name in names:
            assert self.world.post("/complaint-desk/duty", {"is_on_duty": True}, as_=self.agent(name)).status == 200

    def held(self, name: str) -> list[str]:
        items = self.world.get("/complaint-desk", as_=self.agent()).body["items"]
        return [held for each in items if each["agent_id"] == f"stf_{name}" for held in each["rectification_ids"]]

    def queue(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.world.get("/re-inspection-queue", as_=self.agent()).body["items"]
        return items

    def state(self) -> CompanionState:
        return profile_of(COMPANION).state

    def notices(self) -> list[str]:
        """What the companion was told, the latest first."""
        items = self.world.get("/notices", as_=self.companion).body["items"]
        return [each["title"] for each in items]


def loop_of(world: World) -> Loop:
    """Companions, support and accounts hear the bus; the handbook has what is to be read."""
    world.rooms = ("companions", "support", "accounts")
    put_templates()
    put()
    content = articles(_SEED)[ARTICLE]
    commit("companions", lambda tx: handbook.put_articles(tx, {ARTICLE: content}))
    return Loop(world)
