"""How numbers and times look to people: from exact values, in one place.

Templates have these as filters (`kernel.templatetags.desk`), pages call them.
Nothing is an en dash, minus is a true minus, and a colour never stands alone.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils import timezone

from kernel.numbers import text
from kernel.spoken import age as age
from kernel.spoken import plural as plural

MINUS = "−"
MISSING = "–"
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def grouped(value: Decimal, places: int | None = None) -> str:
    """1234.5 -> "1,234.50" (places=2); a true minus; never "-0.00"."""
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        digits = f"{abs(value):,f}"
    else:
        whole, point, fraction = text(abs(value)).partition(".")
        digits = f"{int(whole):,}{point}{fraction}"
    return f"{MINUS}{digits}" if value < 0 else digits


def number(value: Decimal | int | None, places: int | None = None) -> str:
    """Grouped, exact when no places are given."""
    return MISSING if value is None else grouped(Decimal(value), places)


def signed(value: Decimal | None, places: int | None = 2) -> str:
    """Like `number`, with + on gains."""
    if value is None:
        return MISSING
    shown = grouped(value, places)
    return f"+{shown}" if value > 0 else shown


def percent(value: Decimal | None, *, plus: bool = False, places: int = 2) -> str:
    """A number that already is a percentage: "4.31 %", with `plus` "+4.31 %"."""
    if value is None:
        return MISSING
    return f"{signed(value, places) if plus else grouped(value, places)} %"


def money(value: Decimal | None, currency: str = "") -> str:
    """In ledger tables: two places (eight below a tenth), the currency behind."""
    if value is None:
        return MISSING
    places = 2 if not value or abs(value) >= Decimal("0.1") else 8
    return f"{grouped(value, places)} {currency}".strip()


def amount(value: Decimal | None, currency: str, places: int | None = None) -> str:
    """In figures: "$1,284,317.42", "−€5.00", "4.62208578 BTC"."""
    if value is None:
        return MISSING
    sign = SIGNS.get(currency)
    if places is None:
        places = 2 if sign else 8
    shown = grouped(value, places)
    if sign is None:
        return f"{shown} {currency}".strip()
    return f"{MINUS}{sign}{shown[1:]}" if shown.startswith(MINUS) else sign + shown


def change(value: Decimal | None, currency: str) -> str:
    """An amount with its direction: "▲ +$58,781.28"."""
    if value is None:
        return MISSING
    plus = "+" if value > 0 else ""
    return f"{arrow(value)} {plus}{amount(value, currency)}".strip()


def tone(value: Decimal | None) -> str:
    """The class of a gain or a loss; never colour alone: see `arrow`."""
    if not value:
        return ""
    return "gain" if value > 0 else "loss"


def arrow(value: Decimal | None) -> str:
    if not value:
        return ""
    return "▲" if value > 0 else "▼"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """The time since (or until) a moment."""
    if at is None:
        return MISSING
    return age(((now or timezone.now()) - at).total_seconds())
