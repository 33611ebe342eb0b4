"""Stated against booked: what somebody else says that a book holds of an asset, beside
what its facts come to at that time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from kernel.numbers import ZERO, rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetChange:
    """What one fact (a fill or a transfer, by id) did to an asset: to its cash, or to
    the lots of the instrument `symbol`. A split has a `ratio` and is no fact of its
    own here. `quantity` may be 0: the asset was named, and nothing of it held."""

    at: datetime
    asset: str
    symbol: str = ""
    quantity: Decimal = ZERO
    ratio: Fraction | None = None
    fill: int | None = None
    transfer: int | None = None

    @property
    def place(self) -> tuple[datetime, bool, int]:
        """Splits stand before everything of their instant."""
        return self.at, self.ratio is None, self.fill or self.transfer or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStatement:
    """`amount` of an asset, held at a time, in the words of `source`."""

    asset: str
    at: datetime
    amount: Decimal
    source: str
    pk: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A statement beside what was booked up to its time. `parts` is the first fact of
    the asset after the last statement that agreed; None where this one agrees, or
    where no fact names the asset."""

    statement: HeldStatement
    booked: Decimal
    parts: AssetChange | None = None

    @property
    def difference(self) -> Decimal:
        """Stated less booked."""
        return self.statement.amount - self.booked

    @property
    def agrees(self) -> bool:
        return not self.difference


def compare(
    changes: Iterable[AssetChange], statements: Sequence[HeldStatement]
) -> list[Comparison]:
    """Each statement beside what was booked, in order of time."""
    held: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    first: dict[str, AssetChange] = {}
    coming = iter(sorted(changes, key=lambda change: change.place))
    change = next(coming, None)
    comparisons = []
    for statement in sorted(statements, key=lambda statement: statement.at):
        while change is not None and change.at <= statement.at:
            _apply(held[change.asset], change)
            if change.ratio is None:
                first.setdefault(change.asset, change)
            change = next(coming, None)
        comparison = Comparison(
            statement=statement,
            booked=sum(held[statement.asset].values(), ZERO),
            parts=first.get(statement.asset),
        )
        if comparison.agrees:
            first.pop(statement.asset, None)
            comparison = Comparison(statement=statement, booked=comparison.booked)
        comparisons.append(comparison)
    return comparisons


def _apply(lots: dict[str, Decimal], change: AssetChange) -> None:
    if change.ratio is None:
        lots[change.symbol] += change.quantity
        return
    ratio = change.ratio
    lots[change.symbol] = rounded(
        lots[change.symbol] * ratio.numerator / ratio.denominator
    )
