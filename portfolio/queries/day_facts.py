"""What one day's facts were: their counts, and the digest that names them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from kernel.numbers import text
from portfolio.domain.returns import day_of
from portfolio.queries.entries import FillRow
from trades.models import Transfer


class PriceRow(NamedTuple):
    symbol: str
    at: datetime
    price: Decimal
    source: str


@dataclass(kw_only=True)
class DayFacts:
    """How many of each kind, and a line for each."""

    fills: int = 0
    transfers: int = 0
    prices: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """SHA-256 over the lines; "" for a day without facts."""
        if not self.lines:
            return ""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


def day_facts(
    zone: str,
    fills: Iterable[FillRow],
    transfers: Iterable[Transfer],
    prices: Iterable[PriceRow],
) -> dict[date, DayFacts]:
    """By reporting day, in the order given."""
    days: dict[date, DayFacts] = defaultdict(DayFacts)
    for fill in fills:
        facts = days[day_of(fill.executed_at, zone)]
        facts.fills += 1
        facts.lines.append(_line("fill", *fill.content))
    for transfer in transfers:
        facts = days[day_of(transfer.at, zone)]
        facts.transfers += 1
        facts.lines.append(
            _line(
                "transfer",
                transfer.external_id,
                transfer.at,
                transfer.kind,
                transfer.asset,
                transfer.amount,
                transfer.cost,
                transfer.strategy,
            )
        )
    for price in prices:
        facts = days[day_of(price.at, zone)]
        facts.prices += 1
        facts.lines.append(_line("price", *price))
    return days


def _line(*values: object) -> str:
    return "|".join(_text(value) for value in values)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return text(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
