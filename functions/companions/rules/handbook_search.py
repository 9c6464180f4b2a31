"""Searching the handbook in Chinese without a dictionary (F24).

Text is cut into pairs of neighbouring characters, which find any word of two or more characters; latin words and
numbers stay whole. What people say of a symptom leads to what the handbook calls it by a table of terms that staff
keep, so that 头晕出汗 finds 低血糖 first. Matches are ranked by BM25, over terms weighted by where they stand.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from functions.companions.rules.handbook import ArticleKind, Content, summary_of
from functions.shared.errors import FieldError, Invalid

MAX_TERMS = 500
_RUNS = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")


class TermsInvalid(Invalid):
    """The table of terms contradicts itself; `errors` says where."""

    code = "terms_invalid"
    title = "症状词表有误"


@dataclass(frozen=True)
class Tuning:
    """How matches are weighed. Factors and exponents without a unit."""

    title_weight: int = 5
    keyword_weight: int = 4
    body_weight: int = 1
    saturation: float = 1.2
    """BM25's k1: how soon more of the same term stops mattering."""
    length_discount: float = 0.5
    """BM25's b: how much a long article is discounted."""
    said_weight: float = 1.5
    """What each symptom that was said adds to the term that it points to."""
    title_factor: float = 3.0
    """What a title adds that is wholly meant, relative to what its terms are worth; in part, in proportion."""


@dataclass(frozen=True)
class Term:
    """What the handbook calls something, and what people say instead: `低血糖` is said as `头晕`, `出汗`, `手抖` …"""

    term: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """An article as the index keeps it: what a list shows, and its terms with their weights."""

    article_id: str
    kind: ArticleKind
    title: str
    department: str
    summary: str
    edition: int
    terms: Mapping[str, int]

    @property
    def length(self) -> int:
        return sum(self.terms.values())


@dataclass(frozen=True)
class Hit:
    """A match; the higher the score the better (0 in a list that was not searched)."""

    entry: Entry
    score: float


def tokens(text: str) -> Iterator[str]:
    """Pairs of neighbouring Chinese characters (a character that stands alone: itself), latin words, numbers."""
    for run in _RUNS.findall(_normal(text)):
        if run.isascii() or len(run) == 1:
            yield run
        else:
            yield from (run[at : at + 2] for at in range(len(run) - 1))


def entry_of(article_id: str, content: Content, *, edition: int, tuning: Tuning) -> Entry:
    """What the index keeps of an article."""
    terms: Counter[str] = Counter()
    for text, weight in (
        (content.title, tuning.title_weight),
        *((word, tuning.keyword_weight) for word in content.keywords),
        (content.body_md, tuning.body_weight),
    ):
        for token in tokens(text):
            terms[token] += weight
    return Entry(
        article_id=article_id,
        kind=content.kind,
        title=content.title,
        department=content.department,
        summary=summary_of(content.body_md),
        edition=edition,
        terms=dict(terms),
    )


class Index:
    """All published articles, by term."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = sorted(entries, key=lambda entry: entry.article_id)
        self._holding: defaultdict[str, list[int]] = defaultdict(list)
        self._titles = [frozenset(tokens(entry.title)) for entry in self.entries]
        for place, entry in enumerate(self.entries):
            for token in entry.terms:
                self._holding[token].append(place)
        self._mean_length = sum(entry.length for entry in self.entries) / len(self.entries) if self.entries else 1.0

    def search(
        self,
        query: str,
        *,
        terms: Sequence[Term] = (),
        tuning: Tuning,
        kind: ArticleKind | None = None,
        department: str = "",
    ) -> list[Hit]:
        """Matches, the best first (equal ones by id); an empty query lists everything by kind and title.

        A department's articles include those that hold for all departments.
        """
        wanted = [
            place
            for place, entry in enumerate(self.entries)
            if (kind is None or entry.kind is kind) and (not department or entry.department in ("", department))
        ]
        if not _normal(query).strip():
            listed = sorted(wanted, key=lambda place: (self.entries[place].kind, self.entries[place].title, place))
            return [Hit(self.entries[place], 0.0) for place in listed]
        scores = self._scores(weigh(query, terms, tuning), tuning)
        found = [Hit(self.entries[place], scores[place]) for place in wanted if place in scores]
        return sorted(found, key=lambda hit: (-hit.score, hit.entry.article_id))

    def _scores(self, weighed: Mapping[str, float], tuning: Tuning) -> dict[int, float]:
        scores: defaultdict[int, float] = defaultdict(float)
        for token, weight in weighed.items():
            holding = self._holding.get(token, [])
            rarity = log(1 + (len(self.entries) - len(holding) + 0.5) / (len(holding) + 0.5))
            for place in holding:
                entry = self.entries[place]
                times = entry.terms[token]
                relative = entry.length / self._mean_length
                damped = times + tuning.saturation * (1 - tuning.length_discount + tuning.length_discount * relative)
                worth = times * (tuning.saturation + 1) / damped
                if token in self._titles[place]:
                    worth += tuning.title_factor / len(self._titles[place])
                scores[place] += weight * rarity * worth
        return dict(scores)


def weigh(query: str, terms: Sequence[Term], tuning: Tuning) -> dict[str, float]:
    """The query's tokens, and those of the terms that it points to, with how much each counts."""
    weighed: defaultdict[str, float] = defaultdict(float)
    for token in tokens(query):
        weighed[token] += 1.0
    text = _normal(query)
    for term in terms:
        said = _times_said(text, term)
        for token in dict.fromkeys(tokens(term.term)) if said else ():
            weighed[token] += tuning.said_weight * said
    return dict(weighed)


def _times_said(text: str, term: Term) -> int:
    """How many of the term's phrases are in `text`; of phrases inside one another only the longest counts."""
    found = [phrase for phrase in map(_normal, term.said) if phrase in text]
    return sum(not any(phrase != other and phrase in other for other in found) for phrase in found)


def checked_terms(terms: Sequence[Term]) -> tuple[Term, ...]:
    """`terms`, if each stands once and can be said; otherwise TermsInvalid."""
    names = [term.term for term in terms]
    errors = [
        *(FieldError(f"terms.{name}", "重复") for name in sorted({name for name in names if names.count(name) > 1})),
        *(
            FieldError(f"terms.{term.term}", "至少一种说法，每种两个字以上")
            for term in terms
            if not term.said or any(len(phrase.strip()) < 2 for phrase in term.said)
        ),
        *(FieldError("terms", "词条没有名称") for term in terms if not list(tokens(term.term))),
    ]
    if len(terms) > MAX_TERMS:
        errors.append(FieldError("terms", f"最多 {MAX_TERMS} 条"))
    if errors:
        raise TermsInvalid(errors=tuple(errors))
    return tuple(terms)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
