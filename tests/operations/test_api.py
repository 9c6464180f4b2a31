"""What the platform says about itself, to everybody."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from infra.assets import PHRASES, WORDS, AssetError, in_chinese
from tests.harness.world import World

VOCABULARY = ",".join(f'"{key}":"…{{}}…"' for group in WORDS.values() for key in group)
ENGLISH = '{translation:{menu:{menu:"API Menu"' + VOCABULARY + "}}}"
SCRIPT = f"before={ENGLISH};after" + "".join(PHRASES)


def test_health_needs_no_token(world: World) -> None:
    reply = world.get("/health")
    assert (reply.status, reply.body) == (200, {"status": "ok", "stage": "test"})


def test_the_openapi_document_is_served_as_it_is_in_the_package(world: World, docs_folder: Path) -> None:
    reply = world.get("/openapi.json")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.body == json.loads((docs_folder / "openapi.json").read_text(encoding="utf-8"))


def test_an_unchanged_openapi_document_is_not_sent_again(world: World, docs_folder: Path) -> None:
    etag = world.get("/openapi.json").headers["ETag"]
    reply = world.get("/openapi.json", headers={"If-None-Match": etag})
    assert (reply.status, reply.body) == (304, "")


def test_the_page_loads_only_files_that_the_api_serves(world: World, docs_folder: Path) -> None:
    page = world.get("/docs")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    sources = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.body)
    assert sources
    for source in sources:
        if source != "data:,":
            assert world.get(f"/{source}").status == 200


def test_the_pages_policy_admits_its_inline_script_and_no_other_host(world: World, docs_folder: Path) -> None:
    page = world.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    (inline,) = re.findall(r"<script>(.*?)</script>", page.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "http" not in policy


def test_the_script_may_be_kept_forever_because_its_name_follows_its_content(world: World, docs_folder: Path) -> None:
    (script,) = (docs_folder / "assets").glob("*.js")
    reply = world.get(f"/docs/{script.name}")
    assert reply.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.name.split(".")[1] == hashlib.sha256(reply.body.encode()).hexdigest()[:12]


@pytest.mark.parametrize("name", ["missing.js", "..%2Fopenapi.json", "%2Fetc%2Fpasswd", "."])
def test_nothing_else_is_served(world: World, docs_folder: Path, name: str) -> None:
    reply = world.get(f"/docs/{name}")
    assert (reply.status, reply.code) in [(404, "not_found"), (403, "")]


def test_the_scripts_words_are_chinese(docs_folder: Path) -> None:
    (script,) = (docs_folder / "assets").glob("*.js")
    text = script.read_text(encoding="utf-8")
    assert "请求体" in text
    assert "REQUEST BODY" not in text


def test_translating_replaces_the_english_words_alone() -> None:
    done = in_chinese(SCRIPT)
    vocabulary, _, rest = done.removeprefix("before=").partition(";after")
    assert json.loads(vocabulary) == {"translation": WORDS}
    assert rest == "".join(PHRASES.values())


@pytest.mark.parametrize(
    "script",
    [
        "nothing here",
        SCRIPT + ENGLISH,
        ENGLISH[:-2],
        SCRIPT.replace("expand-desc", "x"),
        SCRIPT.replace("> Field <", ""),
    ],
)
def test_a_script_that_is_not_as_expected_is_refused(script: str) -> None:
    with pytest.raises(AssetError):
        in_chinese(script)
