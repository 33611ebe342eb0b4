"""How numbers and times look to people: formatted on the server, from Decimal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel.numbers import text

register = template.Library()
MINUS = "−"
MISSING = "–"


def grouped(value: Decimal, places: int | None = None) -> str:
    """1234.5 -> "1,234.50" (places=2); a true minus; never "-0.00"."""
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    if not value:
        value = abs(value)
    plain = f"{abs(value):,f}" if places is not None else _group_text(text(abs(value)))
    return f"{MINUS}{plain}" if value < 0 else plain


def _group_text(plain: str) -> str:
    whole, point, fraction = plain.partition(".")
    return f"{int(whole):,}{point}{fraction}"


@register.filter
def number(value: Decimal | int | None, places: int | None = None) -> str:
    """Grouped, exact when no places are given; an en dash for nothing."""
    return MISSING if value is None else grouped(Decimal(value), places)


@register.filter
def money(value: Decimal | None, currency: str = "") -> str:
    """Two places (eight below a cent's tenth), the currency behind."""
    if value is None:
        return MISSING
    places = 2 if not value or abs(value) >= Decimal("0.1") else 8
    return f"{grouped(value, places)} {currency}".strip()


@register.filter
def delta(value: Decimal | None, places: int = 2) -> str:
    """Like `number`, with + on gains."""
    if value is None:
        return MISSING
    shown = grouped(value, places)
    return shown if shown.startswith(MINUS) or not value else f"+{shown}"


@register.filter
def percent(value: Decimal | float | None, places: int = 2) -> str:
    """A number that already is a percentage: "4.31 %"."""
    return MISSING if value is None else f"{grouped(Decimal(str(value)), places)} %"


@register.filter
def tone(value: Decimal | float | None) -> str:
    """ "up", "down" or "" for P&L colours (never colour alone: see `arrow`)."""
    if value is None or not value:
        return ""
    return "up" if value > 0 else "down"


@register.filter
def arrow(value: Decimal | float | None) -> str:
    return {"up": "▲", "down": "▼"}.get(tone(value), "")


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
def ago(at: datetime | None, now: datetime | None = None) -> str:
    """ "2 min", "3 h", "5 d" since (or until) a moment."""
    if at is None:
        return MISSING
    seconds = int(abs(((now or timezone.now()) - at).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@register.filter
def short(digest: str, length: int = 8) -> str:
    """The first digits of a digest; the full one belongs into the title."""
    return digest[:length]


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
    """An icon of the sprite; words or a .vh text beside it carry the meaning."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}#{}"></use></svg>',
        _sprite(),
        name,
    )


@register.filter
def past(at: datetime) -> bool:
    return at <= timezone.now()


@register.simple_tag
def utc_now(form: str = "%H:%M") -> str:
    return datetime.now(UTC).strftime(form)
