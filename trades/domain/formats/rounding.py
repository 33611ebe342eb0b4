"""Numbers that a program wrote as binary floats: read whole, rounded half-even to the
ledger's 18 decimals, and reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from kernel.numbers import QUANTUM, NotExact, exact, read_number, text
from trades.domain.facts import NewFill
from trades.domain.formats.parsed import (
    Difference,
    DifferenceKind,
    ParsedFile,
)


def stated_number(value: Any) -> Decimal:
    """The exact Decimal of a JSON number or a text. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NotExact(f"{value!r} is no number")
    return read_number(value if isinstance(value, str) else str(value))


class Rounder:
    """Rounds the numbers of one file, row by row."""

    def __init__(self, parsed: ParsedFile) -> None:
        self.parsed = parsed
        self.errors: list[Decimal] = []

    @contextmanager
    def row(self) -> Iterator[None]:
        """One row: it counts as rounded when it was read to its end."""
        self.errors = []
        yield
        if self.errors:
            self.parsed.rounded_rows += 1
            self.parsed.largest_rounding = max(
                self.parsed.largest_rounding, *self.errors
            )

    def short(self, value: Any) -> Decimal:
        """The number, half-even to 18 decimals. Raises NotExact."""
        number = stated_number(value)
        if number and number.adjusted() >= 20:
            raise NotExact(f"{text(number)[:40]} is larger than the ledger holds")
        short = number.quantize(QUANTUM, rounding=ROUND_HALF_EVEN)
        if short != number:
            self.errors.append(abs(short - number))
        return exact(short)


def last_digit(number: Decimal) -> Decimal:
    """One unit of the last digit that a number was written with."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent)


def check_cost(parsed: ParsedFile, fill: NewFill, cost: Decimal, what: str) -> None:
    """A stated cost that is not price x quantity, to one unit of its last digit, is a
    difference; the ledger's amount is price x quantity."""
    if abs(fill.booked_amount - cost) > last_digit(cost):
        parsed.differences.append(
            Difference(
                kind=DifferenceKind.COST,
                what=f"{what}: the cost is not price x quantity",
                line=fill.line,
                ours=text(fill.booked_amount),
                theirs=text(cost),
            )
        )
