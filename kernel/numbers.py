"""Exact numbers: one reader, one precision, one text form, one rounding.

Money, quantities, prices, fees and rates are Decimals with at most 20 integer
and 18 fraction digits as they are given; what follows from them, such as a balance,
may have 30 integer digits. Precision 80 is set here once, before any thread starts:
at the default 28 even unary minus rounds a 38-digit amount.

Every number that comes from outside is read here. Its exponent is bounded before
anything formats, hashes or rounds it: `1e999999999` is eleven letters long and a
gigabyte once it is written out.
"""

from __future__ import annotations

import decimal
import re
from decimal import ROUND_HALF_EVEN, Decimal

PRECISION = 80
FRACTION_DIGITS = 18
INTEGER_DIGITS = 20
HELD_DIGITS = 30
QUANTUM = Decimal(1).scaleb(-FRACTION_DIGITS)
ZERO = Decimal(0)
LARGEST_EXPONENT = 40
LONGEST_NUMBER = 100
LONGEST_WHOLE = 18
PLAIN = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,18})?")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")

decimal.DefaultContext.prec = PRECISION
decimal.setcontext(decimal.Context(prec=PRECISION))


class NotExact(ValueError):
    """The text or value is no number that the ledger can hold; says why."""


class TooManyDigits(NotExact):
    """It has more digits before the point than there is room for."""


def read_number(given: str) -> Decimal:
    """The Decimal that a text writes, with all of its digits: ASCII digits, a point,
    an exponent within ±40, at most 100 characters; spaces around it are ignored.

    Raises NotExact for anything else: a comma, an underscore, NaN, Infinity, the
    digits of another script. How many digits the ledger takes is `exact`'s to say.
    """
    plain = given.strip()
    if len(plain) > LONGEST_NUMBER:
        raise NotExact(f"is longer than {LONGEST_NUMBER} characters")
    match = NUMBER.fullmatch(plain)
    if match is None:
        raise NotExact(f"{plain[:40]!r} is not a number")
    if match[1] is not None and abs(int(match[1])) > LARGEST_EXPONENT:
        raise NotExact(f"{plain[:40]!r} has an exponent beyond ±{LARGEST_EXPONENT}")
    return Decimal(plain)


def whole_number(given: str) -> int | None:
    """The number of plain ASCII digits, at most 18, so that every database can hold
    it; None for anything else."""
    plain = given.isascii() and given.isdecimal() and len(given) <= LONGEST_WHOLE
    return int(given) if plain else None


def exact(value: str | int | Decimal, most: int = INTEGER_DIGITS) -> Decimal:
    """The Decimal of a text, int or Decimal, unrounded.

    Raises NotExact for floats, NaN, infinities and more than 18 decimals (trailing
    zeros aside), TooManyDigits for more than `most` integer digits.
    """
    if isinstance(value, str):
        if PLAIN.fullmatch(value):  # as nearly all are: nothing is left to check
            number = Decimal(value)
            return number + ZERO if number else ZERO
        number = read_number(value)
    elif isinstance(value, Decimal):
        number = value
    elif type(value) is int:  # no bool
        number = Decimal(value)
    else:
        raise NotExact(f"{value!r} is not an exact number: send it as a string")
    if not number.is_finite():
        raise NotExact(f"{number} is not a finite number")
    if number and number.adjusted() >= most:
        raise TooManyDigits(f"more than {most} digits before the point")
    if number.quantize(QUANTUM) != number:
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
