"""What may stand in the handbook, and how it is searched (F24)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.companions.rules import handbook
from functions.companions.rules.handbook import ArticleInvalid, ArticleKind, Content
from functions.companions.rules.handbook_search import (
    Entry,
    Index,
    Term,
    TermsInvalid,
    Tuning,
    checked_terms,
    entry_of,
    tokens,
    weigh,
)

TUNING = Tuning()
chinese = st.text("头晕出汗低血糖胸痛骨折发热咳嗽", min_size=2, max_size=8)
texts = st.text("头晕出汗低血糖胸痛骨折发热咳嗽，。 abc12", min_size=50, max_size=120)
kinds = st.sampled_from(ArticleKind)
departments = st.sampled_from(["", "dental", "oncology"])
pytestmark = pytest.mark.feature("F24")


def content(
    title: str = "低血糖", body: str = "", *, kind: ArticleKind = ArticleKind.GUIDE, department: str = ""
) -> Content:
    return Content(kind, title, department, (), "某某公开资料", body or "扶他坐下，" * 12)


def entry(id_: str, title: str, body: str = "", **more: str) -> Entry:
    return entry_of(id_, content(title, body, **more), edition=1, tuning=TUNING)  # type: ignore[arg-type]


def found(index: Index, query: str, terms: tuple[Term, ...] = ()) -> list[str]:
    return [hit.entry.article_id for hit in index.search(query, terms=terms, tuning=TUNING)]


class TestTokens:
    def test_chinese_is_cut_into_pairs_and_latin_stays_whole(self) -> None:
        assert list(tokens("头晕出汗，AED 除颤 120 血")) == ["头晕", "晕出", "出汗", "aed", "除颤", "120", "血"]

    def test_full_width_letters_are_letters(self) -> None:
        assert list(tokens("ＣＴ检查")) == ["ct", "检查"]

    @given(st.text(max_size=60))
    def test_any_text_has_tokens_without_marks(self, text: str) -> None:
        assert all(token and not token.isspace() for token in tokens(text))


class TestSearch:
    def test_what_is_said_finds_what_it_is_called(self) -> None:
        index = Index([entry("a", "低血糖"), entry("b", "中暑"), entry("c", "头痛门诊")])
        assert found(index, "头晕出汗", (Term("低血糖", ("头晕", "出汗")), Term("中暑", ("闷热",)))) == ["a"]

    def test_more_of_what_was_said_counts_more(self) -> None:
        index = Index([entry("a", "突发晕厥"), entry("b", "低血糖")])
        terms = (Term("突发晕厥", ("头晕",)), Term("低血糖", ("头晕", "出汗")))
        assert found(index, "头晕出汗", terms) == ["b", "a"]

    def test_a_title_counts_more_than_a_mention(self) -> None:
        mention = "讲到轮椅怎么借。" + "走廊很长，慢慢走。" * 8
        assert found(Index([entry("a", "检查", mention), entry("b", "轮椅与搀扶")]), "轮椅") == ["b", "a"]

    @given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(chinese, texts), min_size=1))
    def test_every_article_is_found_by_its_own_title(self, said: dict[str, tuple[str, str]]) -> None:
        index = Index([entry(id_, title, body) for id_, (title, body) in said.items()])
        for id_, (title, _) in said.items():
            assert id_ in found(index, title)

    @given(st.lists(st.tuples(chinese, texts, kinds, departments), max_size=6), chinese, kinds, departments)
    def test_filters_never_leak_and_never_hide(
        self, said: list[tuple[str, str, ArticleKind, str]], query: str, kind: ArticleKind, department: str
    ) -> None:
        entries = [
            entry_of(f"a{place}", content(title, body, kind=k, department=d), edition=1, tuning=TUNING)
            for place, (title, body, k, d) in enumerate(said)
        ]
        index = Index(entries)
        every = index.search(query, tuning=TUNING)
        narrowed = index.search(query, tuning=TUNING, kind=kind, department=department)
        fits = [
            hit
            for hit in every
            if hit.entry.kind is kind and (not department or hit.entry.department in ("", department))
        ]
        assert narrowed == fits

    @given(st.lists(st.tuples(chinese, texts), max_size=6), chinese)
    def test_the_order_does_not_depend_on_the_order_of_writing(self, said: list[tuple[str, str]], query: str) -> None:
        entries = [entry(f"a{place}", title, body) for place, (title, body) in enumerate(said)]
        assert found(Index(entries), query) == found(Index(entries[::-1]), query)

    @given(chinese, texts)
    def test_scores_are_positive_and_only_matches_are_listed(self, query: str, body: str) -> None:
        hits = Index([entry("a", "标题词", body), entry("b", "另一篇", "xyz " * 20)]).search(query, tuning=TUNING)
        wanted = set(weigh(query, (), TUNING))
        assert all(hit.score > 0 and wanted & set(hit.entry.terms) for hit in hits)

    def test_an_empty_query_lists_everything_and_an_empty_index_nothing(self) -> None:
        index = Index([entry("b", "乙篇"), entry("a", "甲篇")])
        assert sorted(found(index, "  ")) == ["a", "b"] and found(Index([]), "头晕") == []


class TestArticles:
    def test_a_first_aid_card_begins_with_120(self) -> None:
        later = "先看看他怎么样。\n\n再拨打 120。" + "扶他坐下，" * 12
        with pytest.raises(ArticleInvalid):
            handbook.checked(content(body=later, kind=ArticleKind.FIRST_AID))
        first = "## 标题\n\n**拨打 120**\n" + "扶他坐下，" * 12
        assert handbook.checked(content(body=first, kind=ArticleKind.FIRST_AID)).body_md == first

    @pytest.mark.parametrize("text", ["<b>", "</p>", "<!-- x -->", "< script>", "[a](http://x)", "[a]( javascript:x)"])
    def test_nothing_that_a_page_could_run(self, text: str) -> None:
        with pytest.raises(ArticleInvalid):
            handbook.checked(content(body="扶他坐下，" * 12 + text))

    @pytest.mark.parametrize("text", ["3 < 5", "a->b", "[出处](https://www.nhc.gov.cn/)", "体温 >38"])
    def test_what_only_looks_like_it_is_fine(self, text: str) -> None:
        assert text in handbook.checked(content(body="扶他坐下，" * 12 + text)).body_md

    @given(texts.filter(lambda text: len(text.strip()) >= 50))
    def test_checking_twice_is_checking_once(self, body: str) -> None:
        once = handbook.checked(content(body=body))
        assert handbook.checked(once) == once

    @given(texts)
    def test_a_summary_is_short_and_without_marks(self, body: str) -> None:
        summary = handbook.summary_of(f"# 标题\n\n- **{body}**")
        assert len(summary) <= 80 and "*" not in summary and "标题" not in summary


@pytest.mark.parametrize(
    "terms",
    [
        [Term("低血糖", ())],
        [Term("低血糖", ("晕",))],
        [Term("低血糖", ("头晕",)), Term("低血糖", ("出汗",))],
        [Term("，", ("头晕",))],
        [Term(f"词{n}", ("头晕",)) for n in range(501)],
    ],
    ids=["nothing said", "one character", "twice", "no word", "too many"],
)
def test_a_table_of_terms_that_cannot_work_is_refused(terms: list[Term]) -> None:
    with pytest.raises(TermsInvalid):
        checked_terms(terms)
