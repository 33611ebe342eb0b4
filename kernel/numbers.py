"""Exact numbers: one precision, one text form, one rounding.

Money, quantities, prices, fees and rates are Decimals with at most 20 integer
and 18 fraction digits. Precision 80 is set here once, before any thread starts:
at the default 28 even unary minus rounds a 38-digit amount.
"""

from __future__ import annotations

import decimal
from decimal import ROUND_HALF_EVEN, Decimal

PRECISION = 80
FRACTION_DIGITS = 18
INTEGER_DIGITS = 20
QUANTUM = Decimal(1).scaleb(-FRACTION_DIGITS)
ZERO = Decimal(0)

decimal.DefaultContext.prec = PRECISION
decimal.setcontext(decimal.Context(prec=PRECISION))


class NotExact(ValueError):
    """The text or value is no number that the ledger can hold; says why."""


def exact(value: str | int | Decimal) -> Decimal:
    """The Decimal of a text, int or Decimal, unrounded.

    Raises NotExact for floats, NaN, infinities, more than 18 decimals (trailing
    zeros aside) or more than 20 integer digits.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NotExact(f"{value!r} is not an exact number: send it as a string")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except decimal.InvalidOperation:
        raise NotExact(f"{str(value)[:40]!r} is not a number") from None
    if not number.is_finite():
        raise NotExact(f"{str(value)[:40]!r} is not a finite number")
    if number and number.adjusted() >= INTEGER_DIGITS:
        raise NotExact(f"more than {INTEGER_DIGITS} digits before the point")
    if decimals(number) > FRACTION_DIGITS:
        raise NotExact(f"more than {FRACTION_DIGITS} decimals")
    return number + ZERO if number else ZERO


def decimals(number: Decimal) -> int:
    """How many decimals the value needs, trailing zeros not counted."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if not number or exponent >= 0:
        return 0
    zeros = 0
    for digit in reversed(digits):
        if digit:
            break
        zeros += 1
    return max(0, -exponent - zeros)


def rounded(number: Decimal) -> Decimal:
    """Half-even to 18 decimals: the ledger's one rounding, done at booking."""
    return number.quantize(QUANTUM, rounding=ROUND_HALF_EVEN)


def text(number: Decimal) -> str:
    """Plain notation: no exponent, no trailing zeros, "0" and never "-0"."""
    if not number:
        return "0"
    plain = format(number, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def text_or_none(number: Decimal | None) -> str | None:
    return None if number is None else text(number)
