"""How text becomes a split, and how a price, split or stated balance is mended.

A correction names what it changes; all else stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from kernel.numbers import text
from trades.domain.facts import NewBalance, NewPrice, NewSplit
from trades.domain.reading import SCOPES, Reader, read_balance, read_price

PRICE_FIELDS = ("symbol", "at", "price", "source", "currency")
SPLIT_FIELDS = ("symbol", "at", "numerator", "denominator")
BALANCE_FIELDS = ("asset", "amount", "at")
MOST_UNITS = 1_000_000
REASON = 1000


def read_split(
    row: Mapping[str, Any], *, now: datetime, zone: ZoneInfo | None = None
) -> NewSplit:
    """One body of POST /api/splits. Raises NotAFact."""
    read = Reader(row, now=now, zone=zone)
    read.only({*SPLIT_FIELDS, "scope"})
    split = NewSplit(
        symbol=read.symbol(),
        at=read.time("at"),
        numerator=_units(read, "numerator"),
        denominator=_units(read, "denominator"),
        scope=read.choice("scope", SCOPES) or "own",
    )
    if not read.errors and split.numerator == split.denominator:
        read.wrong("numerator", "range", "as many units as before is no split")
    read.finish()
    return split


def _units(read: Reader, name: str) -> int:
    number = read.number(name, needed=True)
    if number is None:
        return 1
    if number != int(number) or not 1 <= number <= MOST_UNITS:
        read.wrong(name, "range", f"is a whole number from 1 to {MOST_UNITS:,}")
        return 1
    return int(number)


def read_reason(row: Mapping[str, Any], *others: str) -> str:
    """Why something is voided or corrected; `others` are the fields that may stand
    beside it. Raises NotAFact."""
    read = Reader(row, now=datetime.max.replace(tzinfo=UTC))
    read.only({"reason", *others})
    reason = read.text("reason", most=REASON, needed=True)
    read.finish()
    return reason


def read_price_change(
    row: Mapping[str, Any], old: NewPrice, *, now: datetime
) -> NewPrice:
    """The price that a correction puts in the place of the old one. A pair's currency
    follows its symbol. Raises NotAFact."""
    stands: dict[str, Any] = {
        "symbol": old.symbol,
        "at": old.at.isoformat(),
        "price": text(old.price),
        "source": old.source,
        "currency": "" if "symbol" in row else old.currency,
        "scope": old.scope,
    }
    return read_price(_changed(stands, row, PRICE_FIELDS), now=now)


def read_split_change(
    row: Mapping[str, Any], old: NewSplit, *, now: datetime
) -> NewSplit:
    """The split that a correction puts in the place of the old one. Raises NotAFact."""
    stands: dict[str, Any] = {
        "symbol": old.symbol,
        "at": old.at.isoformat(),
        "numerator": str(old.numerator),
        "denominator": str(old.denominator),
        "scope": old.scope,
    }
    return read_split(_changed(stands, row, SPLIT_FIELDS), now=now)


def read_balance_change(
    row: Mapping[str, Any], old: NewBalance, *, now: datetime
) -> NewBalance:
    """The statement that a correction puts in the place of the old one. Raises
    NotAFact."""
    stands: dict[str, Any] = {
        "asset": old.asset,
        "amount": text(old.amount),
        "at": old.at.isoformat(),
    }
    return read_balance(_changed(stands, row, BALANCE_FIELDS), now=now)


def _changed(
    stands: Mapping[str, Any], row: Mapping[str, Any], fields: tuple[str, ...]
) -> dict[str, Any]:
    return {**stands, **{name: row[name] for name in fields if name in row}}
