"""What one currency is worth in another: the one rule of booking, portfolio and curves.

A rate is the mark of the pair in the eyes of one book, and the price of EUR-USD is
what one EUR costs in USD.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

PRICE: Literal["price"] = "price"
LAST_FILL: Literal["last_fill"] = "last_fill"
MarkLabel: TypeAlias = Literal["price", "last_fill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one unit was worth at a time, and who said so: `at` is when it was seen,
    `source` the price's (of a fill: last_fill), the ids those of the row used."""

    price: Decimal
    at: datetime
    source: str = ""
    label: MarkLabel = PRICE
    price_id: int | None = None
    fill_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many of one currency another is worth, and the marks that say so: none in
    one currency, two on the way over a third."""

    value: Decimal
    marks: tuple[Mark, ...] = ()


LARGEST_WORTH = 24
MarkOf: TypeAlias = Callable[[str], Mark | None]
SAME = Rate(value=Decimal(1))


def countable(worth: Decimal) -> bool:
    """Whether sums can count with it: a million of the largest fit into a column."""
    return worth.adjusted() < LARGEST_WORTH


def pair_symbols(source: str, target: str) -> tuple[str, str]:
    """The symbols that price the one in the other: direct and inverse."""
    return f"{source}-{target}", f"{target}-{source}"


def rate_symbols(source: str, target: str, base: str) -> set[str]:
    """Every symbol that `exchange_rate` may ask for; none in one currency."""
    if source == target:
        return set()
    pairs = {(source, target), (source, base), (base, target)}
    named = {pair for pair in pairs if all(pair) and pair[0] != pair[1]}
    return {symbol for pair in named for symbol in pair_symbols(*pair)}


def exchange_rate(
    source: str, target: str, mark_of: MarkOf, base: str = ""
) -> Rate | None:
    """How many `target` one `source` is worth; None when nobody knows.

    1 in one currency, else the newer of the mark of SOURCE-TARGET and the inverse of
    that of TARGET-SOURCE (at one time the direct one; a price of 0 is none). Where
    there is neither, the way over `base`, the base currency of the book that asks.
    `mark_of` says the mark of a symbol at the time that is asked about.
    """
    rate = _pair_rate(source, target, mark_of)
    if rate is not None or base in ("", source, target):
        return rate
    first = _pair_rate(source, base, mark_of)
    second = _pair_rate(base, target, mark_of)
    if first is None or second is None:
        return None
    return Rate(value=first.value * second.value, marks=first.marks + second.marks)


def _pair_rate(source: str, target: str, mark_of: MarkOf) -> Rate | None:
    if source == target:
        return SAME
    direct, inverse = (mark_of(symbol) for symbol in pair_symbols(source, target))
    direct = direct if direct and direct.price else None
    inverse = inverse if inverse and inverse.price else None
    if direct and not (inverse and inverse.at > direct.at):
        return Rate(value=direct.price, marks=(direct,))
    return Rate(value=1 / inverse.price, marks=(inverse,)) if inverse else None
