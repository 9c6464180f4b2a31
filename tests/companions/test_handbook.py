"""The handbook over HTTP: searching and reading for companions, editing for staff (F24)."""

import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.companions.actions import handbook
from functions.companions.rules.handbook_search import Term
from functions.shared import audit, aws, table
from functions.shared.config import config
from infra.local.handbook import articles, in_parts
from tests.accounts.makers import commit
from tests.harness.world import Reply, World

SEED = Path(__file__).parents[2] / "infra" / "local" / "seed"
TEXT = (
    "**立即拨打 120；在院内同时喊医护人员。**\n\n扶他坐下，记下时间，陪在旁边，等医护人员来。"
    "不喂水，不喂药，不让他自己走动，也不要围观。"
)
pytestmark = pytest.mark.feature("F24")


@pytest.fixture(scope="module")
def every() -> dict[str, Any]:
    return articles(SEED / "handbook")


@pytest.fixture
def seeded(world: World, every: dict[str, Any]) -> World:
    """The seed's articles and terms."""
    terms = [Term(each["term"], tuple(each["said"])) for each in yaml.safe_load((SEED / "handbook_terms.yaml").open())]
    commit("companions", lambda tx: handbook.put_terms(tx, terms))
    for part in in_parts(every, size=12):
        commit("companions", partial(handbook.put_articles, articles=part))
    return world


def find(world: World, query: str = "", role: str = "companion") -> Reply:
    return world.get(f"/handbook{query}", as_=world.person(role))


def ids_of(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.body
    return [line["article_id"] for line in reply.body["items"]]


def draft(**changed: Any) -> dict[str, Any]:
    body = {
        "article_id": "aid_nosebleed",
        "kind": "first_aid",
        "title": "流鼻血",
        "department": "",
        "keywords": ["鼻血"],
        "source": "中国红十字会应急救护培训教材",
        "body_md": TEXT,
    }
    return body | changed


def create(world: World, role: str = "agent", **changed: Any) -> Reply:
    return world.post("/handbook-drafts", draft(**changed), as_=world.person(role))


def act(world: World, what: str, body: dict[str, Any], article_id: str = "aid_nosebleed", **options: Any) -> Reply:
    options.setdefault("as_", world.person("agent"))
    reply = world.post(f"/handbook-drafts/{article_id}/{what}", body, **options)
    table.forget_kept()
    return reply


def edit(world: World, version: int, **changed: Any) -> Reply:
    body = {name: value for name, value in draft(**changed).items() if name != "article_id"}
    return world.put("/handbook-drafts/aid_nosebleed", body, version=version, as_=world.person("agent"))


class TestSearching:
    @pytest.mark.parametrize(
        ("said", "first"),
        [
            ("头晕出汗", "aid_hypoglycemia"),
            ("空腹抽血后手抖心慌", "aid_hypoglycemia"),
            ("老人突然嘴歪说话不清", "aid_stroke"),
            ("胸口痛出大汗", "aid_chest_pain"),
            ("吃东西噎住了", "aid_choking"),
            ("叫不醒没有呼吸", "aid_cardiac_arrest"),
            ("打完针喘不上气嘴唇肿", "aid_anaphylaxis"),
            ("孩子抽风", "aid_seizure"),
            ("晕倒", "aid_fainting"),
            ("摔倒了站不起来", "aid_fall"),
            ("怎么散瞳", "guide_ophthalmology"),
            ("做胃镜要注意什么", "guide_endoscopy"),
            ("核磁", "guide_imaging"),
            ("外地医保备案", "guide_cross_city"),
            ("取号拍照", "guide_ticket_pickup"),
        ],
    )
    def test_what_people_say_finds_what_helps(self, seeded: World, said: str, first: str) -> None:
        assert ids_of(find(seeded, f"?q={said}"))[0] == first

    def test_kind_and_department_narrow_the_list(self, seeded: World, every: dict[str, Any]) -> None:
        aid = {id_ for id_, content in every.items() if content.kind == "first_aid"}
        assert set(ids_of(find(seeded, "?kind=first_aid&limit=50"))) == aid and len(aid) >= 12
        dental = ids_of(find(seeded, "?department=dental&kind=guide&limit=50"))
        assert "guide_dental" in dental and "guide_cardiology" not in dental and "guide_wheelchair" in dental

    def test_without_a_query_everything_is_paged_through_once(self, seeded: World, every: dict[str, Any]) -> None:
        found, cursor = [], ""
        for _ in range(20):
            page = find(seeded, f"?limit=10&cursor={cursor}")
            found += ids_of(page)
            if not (cursor := page.body["next_cursor"]):
                break
        assert sorted(found) == sorted(every)

    def test_a_line_says_enough_to_choose(self, seeded: World) -> None:
        line = find(seeded, "?q=低血糖").body["items"][0]
        assert (line["title"], line["kind"], line["edition"]) == ("低血糖", "first_aid", 1)
        assert line["summary"].startswith("叫不醒") and len(line["summary"]) <= 80

    @pytest.mark.parametrize(
        "query",
        ["?q=" + "头" * 61, "?kind=recipe", "?department=Dental", "?limit=0", "?x=1", "?cursor=!!", "?cursor=YWJj"],
    )
    def test_what_makes_no_sense_is_refused(self, seeded: World, query: str) -> None:
        assert (find(seeded, query).status, find(seeded, query).code) == (400, "invalid_request")

    @pytest.mark.parametrize("query", ["?q=%00%EF%BF%BD", "?q=<script>alert(1)</script>", "?q=' OR 1=1", "?q=𠀀𠀁"])
    def test_strange_text_finds_something_or_nothing(self, seeded: World, query: str) -> None:
        assert find(seeded, query.replace(" ", "%20")).status == 200

    def test_the_index_is_read_only_when_it_changed(self, seeded: World, monkeypatch: pytest.MonkeyPatch) -> None:
        assert ids_of(find(seeded, "?q=低血糖"))
        from functions.shared.table import connection

        calls: list[str] = []
        real = connection()._make_api_call

        def counted(name: str, request: Any) -> Any:
            calls.append(name)
            return real(name, request)

        monkeypatch.setattr(connection(), "_make_api_call", counted)
        find(seeded, "?q=中暑")
        assert calls == []
        table.forget_kept()
        find(seeded, "?q=中暑")
        assert sorted(calls) == ["GetItem", "GetItem"]  # the stamp and the terms, once a minute


class TestReading:
    def test_a_companion_reads_it_as_text_with_its_source(self, seeded: World) -> None:
        reply = find(seeded, "/aid_hypoglycemia")
        assert "15 克" in reply.body["body_md"] and "糖尿病学分会" in reply.body["source"]
        assert reply.headers["Content-Type"].startswith("application/json")

    @pytest.mark.parametrize("role", ["client", "guest", "hospital", "insurer"])
    def test_it_is_for_companions_and_staff(self, seeded: World, role: str) -> None:
        assert (find(seeded, "", role).status, find(seeded, "/aid_hypoglycemia", role).status) == (403, 403)

    @pytest.mark.parametrize("path", ["/aid_none", "/X", "/%23", "/" + "a" * 3000])
    def test_what_is_not_there(self, seeded: World, path: str) -> None:
        assert find(seeded, path).status == 404


class TestEditing:
    def test_a_draft_is_not_seen_until_it_is_published(self, seeded: World) -> None:
        made = create(seeded)
        assert (made.status, made.body["state"], made.body["edition"]) == (201, "draft", 0)
        assert find(seeded, "/aid_nosebleed").status == 404 and "aid_nosebleed" not in ids_of(find(seeded, "?q=鼻血"))
        assert act(seeded, "publish", {"version": 1, "note": "首发"}).body["edition"] == 1
        assert ids_of(find(seeded, "?q=流鼻血"))[0] == "aid_nosebleed"
        assert find(seeded, "/aid_nosebleed").body["edition"] == 1

    def test_editions_can_be_rolled_back_and_nothing_is_lost(self, world: World) -> None:
        create(world)
        act(world, "publish", {"version": 1})
        assert edit(world, 2, title="鼻出血").body["version"] == 3
        assert find(world, "/aid_nosebleed").body["title"] == "流鼻血"
        act(world, "publish", {"version": 3, "note": "改名"})
        assert find(world, "/aid_nosebleed").body["title"] == "鼻出血"
        rolled = act(world, "rollback", {"edition": 1, "reason": "原名更好找"})
        assert (rolled.status, rolled.body["edition"], rolled.body["title"]) == (200, 3, "流鼻血")
        assert find(world, "/aid_nosebleed").body["title"] == "流鼻血"
        shown = world.get("/handbook-drafts/aid_nosebleed", as_=world.person("admin")).body
        assert [each["title"] for each in shown["editions"]] == ["流鼻血", "鼻出血", "流鼻血"]
        assert [each["act"].partition(".")[2] for each in reversed(shown["edits"])] == [
            *("created", "published", "edited", "published"),
            "rolled_back",
        ]

    def test_a_withdrawn_article_is_found_by_nobody_and_can_return(self, world: World) -> None:
        create(world)
        act(world, "publish", {"version": 1})
        assert act(world, "withdraw", {"reason": "资料过期"}).body["state"] == "withdrawn"
        assert find(world, "/aid_nosebleed").status == 404 and ids_of(find(world, "?q=鼻血")) == []
        assert act(world, "withdraw", {"reason": "再撤"}).code == "nothing_to_publish"
        assert act(world, "publish", {"version": 3}).body["edition"] == 2
        assert ids_of(find(world, "?q=鼻血")) == ["aid_nosebleed"]
        assert audit.entries_of("companions", "aid_nosebleed")[0][1].reason == "资料过期"

    def test_only_what_was_seen_is_published(self, world: World) -> None:
        create(world)
        edit(world, 1, title="鼻出血")
        assert act(world, "publish", {"version": 1}).code == "version_mismatch"
        assert edit(world, 1, title="别的").code == "version_mismatch"
        assert act(world, "publish", {"version": 2}).status == 200
        assert act(world, "publish", {"version": 3}).code == "nothing_to_publish"

    def test_the_list_of_staff_has_the_drafts_too(self, world: World) -> None:
        create(world)
        create(world, article_id="guide_ent", kind="guide", department="ent", title="耳鼻喉科")
        act(world, "publish", {"version": 1})
        items = world.get("/handbook-drafts?limit=1", as_=world.person("finance")).body
        assert [(line["article_id"], line["state"]) for line in items["items"]] == [("aid_nosebleed", "published")]
        rest = world.get(f"/handbook-drafts?cursor={items['next_cursor']}", as_=world.person("agent")).body["items"]
        assert [(line["article_id"], line["state"]) for line in rest] == [("guide_ent", "draft")]

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"body_md": "扶他坐下，" * 20}, "article_invalid"),
            ({"body_md": TEXT + "<script>alert(1)</script>"}, "article_invalid"),
            ({"body_md": TEXT + "\n[点这里](javascript:alert(1))"}, "article_invalid"),
            ({"body_md": TEXT + "\n< img src=x onerror=alert(1)>"}, "article_invalid"),
            ({"title": "<b>鼻血</b>"}, "article_invalid"),
            ({"source": "    "}, "article_invalid"),
            ({"article_id": "Aid"}, "invalid_request"),
            ({"kind": "recipe"}, "invalid_request"),
            ({"title": "鼻"}, "invalid_request"),
            ({"body_md": "短"}, "invalid_request"),
            ({"keywords": ["x"] * 31}, "invalid_request"),
            ({"keywords": "鼻血"}, "invalid_request"),
            ({"html": "x"}, "invalid_request"),
        ],
    )
    def test_what_would_not_help_is_refused(self, world: World, changed: dict[str, Any], code: str) -> None:
        reply = create(world, **changed)
        assert (reply.status, reply.code) == (400, code), reply.body

    def test_a_repeated_creation_is_one_and_a_second_is_a_conflict(self, world: World) -> None:
        key, agent = uuid.uuid4().hex, world.person("agent")
        first, again = (world.post("/handbook-drafts", draft(), as_=agent, key=key) for _ in range(2))
        assert (again.status, again.body) == (first.status, first.body)
        assert create(world).code == "article_exists"
        changed = world.post("/handbook-drafts", draft(title="别的"), as_=agent, key=key)
        assert changed.code == "idempotency_key_reused"

    @pytest.mark.parametrize(
        ("what", "body"),
        [
            ("publish", {"version": 0}),
            ("publish", {"version": 1.5}),
            ("publish", {}),
            ("rollback", {"edition": 1}),
            ("rollback", {"edition": -1, "reason": "x"}),
            ("withdraw", {"reason": ""}),
            ("withdraw", {"reason": "x", "why": 1}),
        ],
    )
    def test_acts_with_bad_bodies_change_nothing(self, world: World, what: str, body: dict[str, Any]) -> None:
        create(world)
        before = stored()
        assert act(world, what, body).status == 400 and stored() == before

    @pytest.mark.parametrize(
        ("what", "body"),
        [
            ("publish", {"version": 1}),
            ("rollback", {"edition": 1, "reason": "x"}),
            ("withdraw", {"reason": "x"}),
        ],
    )
    def test_acts_are_for_editors_and_on_what_exists(self, world: World, what: str, body: dict[str, Any]) -> None:
        create(world)
        for role in ("companion", "client", "finance", "finance_reader", "hospital"):
            assert act(world, what, body, as_=world.person(role)).status == 403
        assert act(world, what, body, as_=None).status == 401
        assert act(world, what, body, key="").code == "invalid_request"
        assert act(world, what, body, article_id="aid_none").status in (404, 409)

    def test_an_edition_that_never_was_is_not_found(self, world: World) -> None:
        create(world)
        act(world, "publish", {"version": 1})
        assert act(world, "rollback", {"edition": 2, "reason": "x"}).status == 404
        assert act(world, "rollback", {"edition": 1, "reason": "x"}).code == "nothing_to_publish"


class TestTerms:
    def test_staff_teach_the_search_a_word(self, seeded: World) -> None:
        agent = seeded.person("agent")
        shown = seeded.get("/handbook-terms", as_=agent).body
        terms = [*shown["terms"], {"term": "中暑", "said": ["发痧"]}]
        refused = seeded.put("/handbook-terms", {"terms": terms}, version=shown["version"], as_=agent)
        assert (refused.status, refused.code) == (400, "terms_invalid")
        terms = [
            each | {"said": [*each["said"], "发痧"]} if each["term"] == "中暑" else each for each in shown["terms"]
        ]
        assert ids_of(find(seeded, "?q=发痧")) == []
        saved = seeded.put("/handbook-terms", {"terms": terms}, version=shown["version"], as_=agent)
        table.forget_kept()
        assert (saved.status, ids_of(find(seeded, "?q=发痧"))[0]) == (200, "aid_heatstroke")
        assert seeded.put("/handbook-terms", {"terms": []}, version=1, as_=agent).code == "version_mismatch"
        assert audit.entries_of("companions", handbook.TERMS_SUBJECT)[0][0].actor == agent.subject

    @pytest.mark.parametrize("term", [{"term": "", "said": ["头晕"]}, {"term": "晕", "said": []}, {"term": "晕"}])
    def test_bad_terms(self, world: World, term: dict[str, Any]) -> None:
        reply = world.put("/handbook-terms", {"terms": [term]}, version=0, as_=world.person("admin"))
        assert (reply.status, reply.code) == (400, "invalid_request")


def stored() -> list[str]:
    items = aws.client("dynamodb").scan(TableName=config().table_name("companions"))["Items"]
    return sorted(str(item) for item in items)
