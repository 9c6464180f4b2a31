"""The OpenAPI document and its page, served from the package itself: the page loads nothing from other hosts."""

import base64
import hashlib
from functools import cache
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
"""In the repository and in the package alike, beside `functions`; `assets` is put there by packaging."""

_SCRIPT = """\
const explorer = document.querySelector("openapi-explorer");
explorer.setAttribute("server-url", new URL(".", location.href).href.replace(/\\/$/, ""));
"""
"""Requests of the page go to the API that serves it, whatever its host and stage are."""

_PAGE = """\
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>诊伴开放接口</title>
<link rel="icon" href="data:,">
<style>
  html, body {{ margin: 0; height: 100%; }}
  openapi-explorer {{
    --font-regular: system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
    height: 100%;
  }}
</style>
</head>
<body>
<openapi-explorer spec-url="openapi.json" hide-server-selection="true" hide-components="true" table="true"
  bg-color="#ffffff" text-color="#27343c" header-color="#0f766e" primary-color="#0f766e" secondary-color="#f2a33a"
  nav-bg-color="#12312f" nav-text-color="#d7e5e3" nav-hover-text-color="#ffffff" nav-item-spacing="relaxed">
</openapi-explorer>
<noscript>本页需要 JavaScript；也可以直接阅读 <a href="openapi.json">openapi.json</a>。</noscript>
<script>{inline}</script>
<script type="module" src="docs/{asset}"></script>
</body>
</html>
"""


def document() -> str:
    """The OpenAPI document as packaged."""
    return _text(DOCS / "openapi.json")


def page() -> str:
    """The page that shows it."""
    return _PAGE.format(inline=_SCRIPT, asset=_script_name())


def content_security_policy() -> str:
    """Only the page's own two scripts run, and they talk only to this API."""
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def find_asset(name: str) -> str | None:
    """The text of one of the page's files, or None: only names that packaging put there are served."""
    names = {path.name for path in (DOCS / "assets").glob("*")}
    return _text(DOCS / "assets" / name) if name in names else None


def _script_name() -> str:
    return next(path.name for path in (DOCS / "assets").glob("openapi-explorer.*.js"))


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
