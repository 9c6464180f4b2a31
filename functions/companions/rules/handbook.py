"""The companions' handbook (F24): guides per department and first-aid cards, in Markdown, each with its source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from functions.shared.errors import Conflict, FieldError, Invalid

TITLE_LENGTH = (2, 40)
BODY_LENGTH = (50, 20_000)
SOURCE_LENGTH = (4, 300)
MAX_KEYWORDS = 30
MAX_KEYWORD_LENGTH = 20
_SUMMARY_LENGTH = 80
_HTML = re.compile(r"<\s*[a-zA-Z/!?]")
_LINK = re.compile(r"\]\(\s*(?!https://)", re.IGNORECASE)
_MARKS = re.compile(r"[#>*`_\-\[\]]+")


class ArticleKind(StrEnum):
    """What an article is for."""

    GUIDE = "guide"
    FIRST_AID = "first_aid"


class ArticleState(StrEnum):
    """Whether companions read it: never yet, now, or no longer."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ArticleInvalid(Invalid):
    """The article would not help, or would harm; `errors` says why."""

    code = "article_invalid"
    title = "手册内容有误"


class ArticleExists(Conflict):
    """There is an article of this name."""

    code = "article_exists"
    title = "已有同名编号的文章"


class NothingToPublish(Conflict):
    """The draft is what companions read already, or nothing is published that could be withdrawn."""

    code = "nothing_to_publish"
    title = "没有需要发布或撤下的内容"


@dataclass(frozen=True)
class Content:
    """What an article says. `department` is a department's slug, empty where it holds for all."""

    kind: ArticleKind
    title: str
    department: str
    keywords: tuple[str, ...]
    source: str
    body_md: str


@dataclass(frozen=True)
class Edition:
    """One published version; the highest number is the latest, whether by publishing or by rolling back."""

    number: int
    content: Content
    published_by: str
    published_at: datetime
    note: str


def checked(content: Content) -> Content:
    """`content` with its ends trimmed, if it may stand in the handbook; otherwise ArticleInvalid.

    A first-aid card begins with calling 120. HTML and links that are not https are refused, whatever shows the text.
    """
    content = replace(
        content,
        title=content.title.strip(),
        source=content.source.strip(),
        body_md=content.body_md.replace("\r\n", "\n").strip(),
        keywords=tuple(dict.fromkeys(word.strip() for word in content.keywords if word.strip())),
    )
    body = content.body_md
    claims = (
        (_fits(content.title, TITLE_LENGTH), "title", "标题应为 2 至 40 个字"),
        (_fits(body, BODY_LENGTH), "body_md", "正文应为 50 至 20000 个字"),
        (_fits(content.source, SOURCE_LENGTH), "source", "请写明资料来源"),
        (len(content.keywords) <= MAX_KEYWORDS, "keywords", f"关键词最多 {MAX_KEYWORDS} 个"),
        (all(len(word) <= MAX_KEYWORD_LENGTH for word in content.keywords), "keywords", "关键词每个最多 20 个字"),
        (
            content.kind is not ArticleKind.FIRST_AID or "120" in first_line(body),
            "body_md",
            "急救卡的第一句必须写明拨打 120",
        ),
        (not _HTML.search(body) and not _HTML.search(content.title), "body_md", "不能含有 HTML 标签"),
        (not _LINK.search(body), "body_md", "链接只能以 https:// 开头"),
    )
    errors = tuple(FieldError(field, message) for holds, field, message in claims if not holds)
    if errors:
        raise ArticleInvalid(errors=errors)
    return content


def first_line(body_md: str) -> str:
    """The first line of text that is not a heading."""
    lines = (line.strip() for line in body_md.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def summary_of(body_md: str) -> str:
    """The beginning without Markdown's marks, to be shown in a list."""
    lines = [line.strip() for line in body_md.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    plain = " ".join(_MARKS.sub("", line).strip() for line in lines)
    return plain if len(plain) <= _SUMMARY_LENGTH else f"{plain[: _SUMMARY_LENGTH - 1]}…"


def next_edition(
    latest: int, content: Content, *, published: Content | None, by: str, at: datetime, note: str
) -> Edition:
    """The edition that publishing `content` makes; NothingToPublish if companions read just that already."""
    if content == published:
        raise NothingToPublish()
    return Edition(number=latest + 1, content=content, published_by=by, published_at=at, note=note)


def differences(before: Content | None, after: Content) -> str:
    """Which parts an edit changed, for the audit row."""
    if before is None:
        return "新建"
    titles = {
        "kind": "类型",
        "title": "标题",
        "department": "科室",
        "keywords": "关键词",
        "source": "来源",
        "body_md": "正文",
    }
    changed = [title for field, title in titles.items() if getattr(before, field) != getattr(after, field)]
    return "、".join(changed) or "无变化"


def _fits(text: str | Sequence[str], limits: tuple[int, int]) -> bool:
    return limits[0] <= len(text) <= limits[1]
