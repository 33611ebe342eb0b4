"""Exact integers of 10^-18 units, in which lots and matches are computed."""

from __future__ import annotations

from decimal import Decimal

DIGITS = 18


def units(number: Decimal) -> int:
    """The number in 10^-18 units; exact for what the ledger can hold."""
    return int(number.scaleb(DIGITS))


def number(scaled: int) -> Decimal:
    """The Decimal of so many 10^-18 units."""
    return Decimal(scaled).scaleb(-DIGITS)


def share(total: int, part: int, whole: int) -> int:
    """total x part / whole, half-even; `whole` is positive."""
    quotient, rest = divmod(total * part, whole)
    twice = 2 * rest
    return quotient + (twice > whole or (twice == whole and quotient & 1))
