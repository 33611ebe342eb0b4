"""What of the books an answer about performance measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict

from kernel.errors import bad_parameter
from portfolio.domain.periods import CUSTOM, Period, period

UNASSIGNED = "unassigned"


def stored_strategy(name: str) -> str:
    """The strategy as facts carry it: "" is the row `unassigned`."""
    return "" if name == UNASSIGNED else name


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A range, and a strategy or symbol or both ("" is all); beside it, perhaps, the
    prices of a symbol as `benchmark`."""

    period: Period
    strategy: str = ""
    symbol: str = ""
    benchmark: str = ""

    @property
    def sliced(self) -> bool:
        return bool(self.strategy or self.symbol)

    def holds(self, symbol: str, strategy: str) -> bool:
        return (not self.symbol or symbol == self.symbol) and (
            not self.strategy or (strategy or UNASSIGNED) == self.strategy
        )


def selection_asked(
    query: Mapping[str, str] | QueryDict, name: str, today: date
) -> Selection:
    """What a query selects; `name` is the range where it says no days. Raises
    BadRequest for days that are none, or the wrong way round."""
    symbol = query.get("benchmark") or ""
    return Selection(
        period=_between(query, today) or period(name, today),
        strategy=query.get("strategy") or "",
        symbol=query.get("symbol") or "",
        benchmark=symbol.strip().upper().replace("/", "-"),
    )


def _between(query: Mapping[str, str] | QueryDict, today: date) -> Period | None:
    """The days from `from` to `to`, each of which may be left out."""
    first, last = _day(query, "from"), _day(query, "to")
    if first is None and last is None:
        return None
    if first and last and last < first:
        raise bad_parameter("to", "is before from")
    return Period(CUSTOM, first, last or max(today, first or today))


def _day(query: Mapping[str, str] | QueryDict, name: str) -> date | None:
    given = (query.get(name) or "").strip()
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    if day is None or day.isoformat() != given:
        raise bad_parameter(name, "is a day like 2026-03-31")
    return day
