"""Notices: texts from templates, and the few facts that they may tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from string import Formatter

from functions.shared.errors import Invalid

PLACEHOLDERS = frozenset(
    {
        "order_no",
        "hospital_name",
        "department_name",
        "starts_at_text",
        "companion_name",
        "patient_name_masked",
        "amount_text",
        "credential_name",
        "days_text",
        "due_text",
        "expires_on_text",
        "tier_name",
    }
)
"""All that a template may ask for."""


class Audience(StrEnum):
    CLIENT = "client"
    COMPANION = "companion"
    STAFF = "staff"


ANSWERED = frozenset({"emergency_called", "emergency_called_companion", "emergency_called_staff"})
"""Notices of which somebody waits to hear whether they were read, or sent on WeChat (F34)."""


class TemplateInvalid(Invalid):
    """A template asks for what notices do not tell."""

    code = "template_invalid"
    title = "通知模板有误"


class UnknownTemplate(Invalid):
    """The mini program has no such subscribe-message template."""

    code = "unknown_template"
    title = "没有这个订阅消息模板"


@dataclass(frozen=True)
class NoticeTemplate:
    """A notice's text, and what of it goes into WeChat's subscribe message.

    `message` maps the keys of the WeChat template to texts with the same placeholders, and `{title}`, `{body}`.
    """

    code: str
    audience: Audience
    title: str
    body: str
    message: Mapping[str, str] = field(default_factory=lambda: {"thing1": "{title}", "thing2": "{body}"})

    @property
    def needs(self) -> frozenset[str]:
        """The facts that must be looked up before it can be rendered."""
        texts = (self.title, self.body, *self.message.values())
        return frozenset(name for text in texts for name in _fields(text)) - {"title", "body"}


def checked(template: NoticeTemplate) -> NoticeTemplate:
    """`template`, if it only asks for what there is; otherwise TemplateInvalid."""
    unknown = template.needs - PLACEHOLDERS
    if unknown:
        raise TemplateInvalid(f"不认识的占位符：{'、'.join(sorted(unknown))}")
    if template.audience is not Audience.CLIENT and "patient_name_masked" in template.needs:
        raise TemplateInvalid("只有给用户的通知可以出现就诊人姓名")
    return template


@dataclass(frozen=True)
class Notice:
    """What somebody was told."""

    notice_id: str
    code: str
    audience: Audience
    title: str
    body: str
    order_id: str | None
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True)
class Text:
    """A rendered notice; `message` is WeChat's part of it."""

    title: str
    body: str
    message: Mapping[str, str]


def render(template: NoticeTemplate, facts: Mapping[str, str]) -> Text:
    """The template with its facts; a KeyError names a fact that is missing."""
    title, body = template.title.format_map(facts), template.body.format_map(facts)
    told = {**facts, "title": title, "body": body}
    return Text(title, body, {key: text.format_map(told) for key, text in template.message.items()})


def order_no(order_id: str) -> str:
    """The end of the order's id, long enough to tell one person's orders apart."""
    return order_id[-8:].upper()


def _fields(text: str) -> list[str]:
    try:
        return [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise TemplateInvalid(str(error)) from error
