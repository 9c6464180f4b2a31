"""The script of the docs page: OpenAPI Explorer (https://github.com/Authress-Engineering/openapi-explorer, Apache-2.0).

It comes from PyPI inside a package pinned by hash in `requirements-docs.txt`, so that neither Node nor a CDN is needed,
and gets our Chinese words in place of its English ones. `synth` puts what `docs_assets` returns into the package, where
`functions.operations.docs` serves it.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements-docs.txt"
FOLDER = "docs/assets"
_BUNDLE = "star_openapi_explorer/templates/explorer/js/openapi-explorer.min.js"
_ENGLISH_BEGINS = '{translation:{menu:{menu:"API Menu"'
_NOTICE = """\
openapi-explorer.*.js is OpenAPI Explorer by the Authress developers
(https://github.com/Authress-Engineering/openapi-explorer), with its English words replaced by Chinese ones.
Licensed under the Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0
"""


class AssetError(Exception):
    """The script cannot be had, or is not the one that this module knows how to translate."""


def docs_assets(cache: Path = ROOT / "build") -> dict[str, bytes]:
    """The files of the docs page by their path in the package. The script's name changes with its content."""
    script = in_chinese(_downloaded(cache).read_text(encoding="utf-8")).encode()
    digest = hashlib.sha256(script).hexdigest()[:12]
    return {f"{FOLDER}/openapi-explorer.{digest}.js": script, f"{FOLDER}/NOTICE.txt": _NOTICE.encode()}


def in_chinese(script: str) -> str:
    """The bundle with `WORDS` and `PHRASES` in place of its English ones; AssetError if one of them is not there."""
    if script.count(_ENGLISH_BEGINS) != 1:
        raise AssetError("the docs page's script has changed: its vocabulary is not where it was")
    start = script.index(_ENGLISH_BEGINS)
    end = _closing_brace(script, start) + 1
    missing = [key for group in WORDS.values() for key in group if key not in script[start:end]]
    missing += [phrase for phrase in PHRASES if phrase not in script]
    if missing:
        raise AssetError(f"the docs page's script no longer knows {', '.join(missing)}")
    translated = script[:start] + json.dumps({"translation": WORDS}, ensure_ascii=False) + script[end:]
    for phrase, chinese in PHRASES.items():
        translated = translated.replace(phrase, chinese)
    return translated


def _closing_brace(text: str, start: int) -> int:
    depth, quoted = 0, False
    for position in range(start, len(text)):
        character = text[position]
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return position
    raise AssetError("the docs page's script ends inside its vocabulary")


def _downloaded(cache: Path) -> Path:
    """The bundle as published, installed once per pin into `cache`."""
    pin = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    folder = cache / f"docs-page-{pin}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="docs-page-", dir=cache))
        # Without its dependencies: they serve the page in another framework; only the file is wanted.
        command: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--target", fresh, "--no-deps", "--require-hashes"]
        command += ["--requirement", REQUIREMENTS]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssetError(f"the docs page's script cannot be fetched: {done.stderr.strip()[-500:]}")
        try:
            fresh.rename(folder)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    return folder / _BUNDLE


WORDS = {
    "menu": {
        "menu": "目录",
        "filter": "筛选",
        "search": "搜索",
        "overview": "概览",
        "api-servers": "服务地址",
        "authentication": "登录",
        "operations": "接口",
        "components": "数据结构",
        "schemas": "结构",
        "callbacks": "回调",
    },
    "headers": {"api-servers": "服务地址", "authentication": "登录"},
    "overview": {"email": "邮箱", "terms-of-service": "服务条款"},
    "api-servers": {"server-variables": "地址变量", "selected": "当前"},
    "authentication": {
        "auth-header": "Authorization 请求头",
        "no-api-key-applied": "尚未填写访问令牌",
        "http-basic": "HTTP Basic",
        "http-basic-desc": "在 <code>Authorization</code> 请求头中发送 Base64 编码的 <code>用户名:密码</code>。",
        "username": "用户名",
        "password": "密码",
        "requires": "需要",
        "http-basic-note": "Base64 编码的 用户名:密码",
        "in-auth-header": "放在 Authorization 请求头",
        "set": "填入",
        "remove": "移除",
        "clear": "清除全部令牌",
        "update": "更新",
        "get": "获取令牌",
    },
    "operations": {
        "request": "请求",
        "callback-request": "回调请求",
        "request-body": "请求体",
        "model": "结构",
        "body": "内容",
        "form": "表单",
        "request-headers": "请求头",
        "clear": "清空",
        "clear-response": "清空应答",
        "execute": "发送",
        "response": "应答",
        "response-headers": "应答头",
        "example": "示例",
        "webhook": "推送",
        "deprecated": "已弃用",
        "callback-response": "回调应答",
        "response-status": "状态码",
        "fetch-fail": "请求没有发出去，请看浏览器的网络面板。",
        "copy": "复制",
        "copied": "已复制",
    },
    "parameters": {
        "path": "路径参数",
        "string": "查询参数",
        "headers": "请求头",
        "cookies": "Cookie",
        "samples": "代码示例",
    },
    "schemas": {"collapse-desc": "收起", "expand-desc": "展开", "schema-missing": "没有找到这个结构"},
}
"""The page's own words, in the groups and under the keys that the script uses."""
PHRASES = {
    "> Field <": "> 字段 <",
    "> Type <": "> 类型 <",
    "> Description <": "> 说明 <",
    ">Constraints: <": ">限制：<",
    ">Pattern: <": ">格式：<",
    ">Default: <": ">默认：<",
    ">Allowed: <": ">可选：<",
    ">Examples: <": ">示例：<",
    ">Collapse<": ">全部收起<",
    "`Min length: ${o.minLength}, Max length: ${o.maxLength}`": "`${o.minLength} 至 ${o.maxLength} 字`",
    "`Min length: ${o.minLength}`": "`至少 ${o.minLength} 字`",
    "`Max length: ${o.maxLength}`": "`最多 ${o.maxLength} 字`",
    "<span>URL: <": "<span>网址：<",
    "<span>License: $": "<span>许可：$",
}
"""What it says outside its vocabulary."""
