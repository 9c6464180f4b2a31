"""The seed's handbook: Markdown files whose front matter says what they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from functions.companions.rules.handbook import ArticleKind, Content

_MARK = "---\n"


def articles(folder: Path) -> dict[str, Content]:
    """The articles under `folder` by id, which is the file's name."""
    return {path.stem: _content(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.md"))}


def in_parts(every: dict[str, Content], *, size: int) -> Iterator[dict[str, Content]]:
    """So many articles at a time."""
    ids = list(every)
    for start in range(0, len(ids), size):
        yield {id_: every[id_] for id_ in ids[start : start + size]}


def _content(text: str) -> Content:
    _, front, body = text.split(_MARK, 2)
    facts: dict[str, Any] = yaml.safe_load(front)
    return Content(
        kind=ArticleKind(facts.pop("kind")), keywords=tuple(facts.pop("keywords")), body_md=body.strip(), **facts
    )
