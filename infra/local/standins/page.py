"""The page of a stand-in: what it received, newest first, in Chinese, without anything from elsewhere.

It fetches itself every two seconds and swaps its content, so it keeps its place while someone scrolls; without
scripts it reloads as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from flask import render_template_string

CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Button:
    """A control call that a person may make: POST `body` as JSON to `path`."""

    label: str
    path: str
    body: Mapping[str, object]


@dataclass(frozen=True)
class Card:
    """One thing that was received. `tone` is good, bad, wait or plain and colours `badge`."""

    title: str
    badge: str = ""
    tone: str = "plain"
    lines: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    heading: str
    empty: str
    cards: list[Card]


def render(title: str, subtitle: str, sections: list[Section]) -> str:
    """The whole page; every text is escaped."""
    return render_template_string(_TEMPLATE, title=title, subtitle=subtitle, sections=sections)


def local_time(stamp: str) -> str:
    """An RFC 3339 instant as `11月22日 22:12:05` in China; anything else unchanged."""
    try:
        at = datetime.fromisoformat(stamp).astimezone(CHINA)
    except ValueError:
        return stamp
    return f"{at.month}月{at.day}日 {at:%H:%M:%S}"


def yuan(amount_fen: int) -> str:
    return f"¥{amount_fen // 100}.{amount_fen % 100:02d}"


_TEMPLATE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<noscript><meta http-equiv="refresh" content="5"></noscript>
<style>
:root { color-scheme: light dark; --ink:#1d2129; --soft:#5f6774; --paper:#f4f5f7; --card:#fff; --line:#e3e6ea;
  --good:#0b7a43; --bad:#c22a1f; --wait:#9a6200; --accent:#07834a }
@media (prefers-color-scheme: dark) { :root { --ink:#e8eaed; --soft:#a2a9b4; --paper:#15171a; --card:#1f2226;
  --line:#33373d; --good:#4fd08f; --bad:#ff8a80; --wait:#f0b95a; --accent:#0b8f53 } }
* { box-sizing:border-box }
body { margin:0; background:var(--paper); color:var(--ink);
  font:16px/1.55 -apple-system,"PingFang SC","Noto Sans SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif }
main { max-width:760px; margin:0 auto; padding:20px 16px 48px }
h1 { font-size:22px; margin:0 }
.sub { color:var(--soft); margin:4px 0 20px; font-size:14px }
h2 { font-size:16px; margin:28px 0 10px; display:flex; gap:8px; align-items:baseline }
h2 small { color:var(--soft); font-weight:400; font-size:14px }
article { background:var(--card); border:1px solid var(--line); border-radius:12px; padding:12px 14px; margin:0 0 10px }
header { display:flex; justify-content:space-between; gap:12px; align-items:baseline }
header b { overflow-wrap:anywhere }
.badge { white-space:nowrap; font-size:14px; font-weight:600; color:var(--soft) }
.good { color:var(--good) } .bad { color:var(--bad) } .wait { color:var(--wait) }
dl { display:grid; grid-template-columns:max-content 1fr; gap:2px 12px; margin:8px 0 0; font-size:14px }
dt { color:var(--soft) } dd { margin:0; overflow-wrap:anywhere }
button { font:inherit; font-size:15px; margin-top:10px; padding:8px 18px; min-height:44px; border:0; border-radius:22px;
  background:var(--accent); color:#fff; cursor:pointer }
button + button { margin-left:8px }
.empty { color:var(--soft); font-size:14px; margin:0 }
#notice { position:fixed; left:16px; right:16px; bottom:16px; max-width:728px; margin:0 auto; padding:12px 16px;
  border-radius:12px; background:var(--bad); color:#fff; font-size:15px }
#notice[hidden] { display:none }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p class="sub">{{ subtitle }}</p>
<div id="content">
{% for section in sections %}
<section>
<h2>{{ section.heading }} <small>{{ section.cards|length }}</small></h2>
{% for card in section.cards %}
<article>
<header><b>{{ card.title }}</b>
{% if card.badge %}<span class="badge {{ card.tone }}">{{ card.badge }}</span>{% endif %}</header>
{% if card.lines %}<dl>
{% for label, value in card.lines %}<dt>{{ label }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>{% endif %}
{% for button in card.buttons %}<button type="button" data-path="{{ button.path }}"
 data-body="{{ button.body|tojson|forceescape }}">{{ button.label }}</button>{% endfor %}
</article>
{% else %}<p class="empty">{{ section.empty }}</p>
{% endfor %}
</section>
{% endfor %}
</div>
</main>
<p id="notice" role="alert" hidden></p>
<script>
const content = document.getElementById("content"), notice = document.getElementById("notice");
async function refresh() {
  try {
    const text = await (await fetch(location.href, {cache: "no-store"})).text();
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("content");
    if (fresh && fresh.innerHTML !== content.innerHTML) content.innerHTML = fresh.innerHTML;
    if (notice.dataset.about === "connection") notice.hidden = true;
  } catch (error) { tell("connection", "连接已断开，恢复后会自动刷新"); }
}
function tell(about, text) { notice.dataset.about = about; notice.textContent = text; notice.hidden = false; }
content.addEventListener("click", async event => {
  const button = event.target.closest("button");
  if (!button) return;
  button.disabled = true;
  const answer = await fetch(button.dataset.path,
    {method: "POST", headers: {"Content-Type": "application/json"}, body: button.dataset.body});
  if (answer.ok) { notice.hidden = true; refresh(); }
  else { tell("refusal", (await answer.json()).message); button.disabled = false; }
});
setInterval(refresh, 2000);
</script>
</body>
</html>
"""
