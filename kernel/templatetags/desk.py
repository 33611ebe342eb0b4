"""What templates may call: the formats of `kernel.display`, times, icons, digests."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel import registry
from kernel.display import MISSING, ago, arrow, money, number, plural, signed
from kernel.kept_parts import KeptPart, part_html
from kernel.numbers import text

register = template.Library()
for formatter in (number, money, arrow, ago):
    register.filter(formatter)
register.filter("delta", signed)


@register.filter
def count(number: int, noun: str) -> str:
    """ "3 lines", "1 line"; a noun with another plural names both: "person,people"."""
    single, _, many = noun.partition(",")
    return plural(number, single, many)


@register.filter
def plain(value: Decimal | None) -> str:
    """Full precision, for titles and copying."""
    return "" if value is None else text(value)


@register.simple_tag
def clock(at: datetime | None, form: str = "") -> SafeString | str:
    """<time> in UTC for machines, in the person's zone (named) for people."""
    if at is None:
        return MISSING
    local = timezone.localtime(at)
    shown = local.strftime(form or "%-d %b %Y, %H:%M:%S %Z")
    return format_html(
        '<time datetime="{}">{}</time>', at.strftime("%Y-%m-%dT%H:%M:%SZ"), shown
    )


@register.filter
def short(digest: str, length: int = 8) -> str:
    """The first digits of a digest; the full one belongs into the title."""
    return digest[:length]


@register.filter
def instant(text: str) -> datetime | None:
    """The time that JSON holds as text, for `clock`."""
    return datetime.fromisoformat(text) if text else None


@register.filter
def probe_title(name: str) -> str:
    """What people call a probe."""
    return registry.probe_title(name)


@register.filter
def words(name: object) -> str:
    """The name that a program gave something, as people write: "Move 7d percent"."""
    spoken = " ".join(str(name).replace("_", " ").split())
    return spoken[:1].upper() + spoken[1:]


@register.filter
def told(value: object) -> str:
    """A value of JSON for people: yes, no, – and lists in words."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{words(key)} {told(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(told(each) for each in value)
    return str(value)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """mapping[key] in a template; None when absent."""
    return mapping.get(key) if mapping is not None else None


@lru_cache(maxsize=1)
def _sprite() -> str:
    """The icon sprite on our own origin: browsers refuse <use> from elsewhere."""
    return urlsplit(static("icons.svg")).path


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; words or a visually hidden text beside it carry the meaning."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        _sprite(),
        name,
    )


@register.simple_tag(takes_context=True)
def kept(context: template.Context, part: KeptPart) -> SafeString:
    """A part of the page that is drawn anew only when what it came from was written."""
    return part_html(part, context)


@register.filter
def past(at: datetime) -> bool:
    return at <= timezone.now()
