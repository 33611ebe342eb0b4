"""ExactDecimalField: decimals that come back exactly, on SQLite too.

Django's DecimalField stores REAL on SQLite: 123456789012.12345678 came back as
…12.12300000. Here PostgreSQL uses NUMERIC(48, 18); SQLite a fixed-width text that
sorts like the number: one sign digit and 48 digits of the value times 10^18,
negative ones complemented. SUM (as aggregate and as window function) is replaced
on each SQLite connection by an exact one; AVG and arithmetic in SQL raise, for
SQLite would silently compute them in floats.
"""

from __future__ import annotations

import re
import sqlite3
from decimal import Context, Decimal, Inexact
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import GreaterThan
from django.db.models.sql.compiler import SQLCompiler

from kernel.errors import Invalid
from kernel.numbers import (
    FRACTION_DIGITS,
    HELD_DIGITS,
    PRECISION,
    ZERO,
    NotExact,
    TooManyDigits,
    exact,
    text,
)

WIDTH = 48
TOP = 10**WIDTH
LIMIT = 10 ** (HELD_DIGITS + FRACTION_DIGITS)
CODED = re.compile(rf"[01][0-9]{{{WIDTH}}}")
UNROUNDED = Context(prec=PRECISION, traps=[Inexact])
LOOKUPS = frozenset(
    {"exact", "iexact", "gt", "gte", "lt", "lte", "in", "range", "isnull"}
)


if TYPE_CHECKING:
    AnyField = models.Field[Any, Any]
else:
    AnyField = models.Field


class BeyondTheLedger(Invalid, NotExact):
    """What would follow from the facts is larger than a column holds."""

    def __init__(self) -> None:
        Invalid.__init__(
            self,
            "An amount that follows from this would have more than "
            f"{HELD_DIGITS} digits before the point, which the ledger does not hold: "
            "nothing was written.",
            code="range",
        )


def held(value: Any) -> Decimal:
    """The value as a column holds it. Raises BeyondTheLedger for what is too large and
    NotExact for what is no exact number."""
    try:
        return exact(value, HELD_DIGITS)
    except TooManyDigits as error:
        raise BeyondTheLedger from error


def encode(value: Decimal) -> str:
    """The order-preserving text of a decimal with at most 18 decimals."""
    return encode_scaled(int(value.scaleb(FRACTION_DIGITS)))


def encode_checked(value: Any) -> str:
    """encode() of what the ledger may not be able to hold. Raises as `held`.

    Its one check is quicker than those of `exact`, and what fails it is told by them:
    a file of 100,000 fills has a million and a half numbers.
    """
    try:
        scaled = value.scaleb(FRACTION_DIGITS, UNROUNDED)
        whole = int(scaled)
    except (ArithmeticError, AttributeError, ValueError):  # what it is, exact tells
        return encode(held(value))
    if whole == scaled and 0 <= whole < LIMIT:
        return "1" + str(whole).zfill(WIDTH)
    return encode(held(value))


def exact_units(units: int) -> Decimal:
    """The Decimal of so many units of 10^-18. Raises BeyondTheLedger."""
    number = Decimal(units).scaleb(-FRACTION_DIGITS)
    return number if -LIMIT < units < LIMIT else held(number)


def encode_units(units: int) -> str:
    """encode(exact_units(units)), without the Decimal between them."""
    if 0 <= units < LIMIT:
        return "1" + str(units).zfill(WIDTH)
    return encode(exact_units(units))


def encode_scaled(scaled: int) -> str:
    if abs(scaled) >= TOP:
        raise OverflowError("an exact sum left its 30 integer digits")
    if scaled >= 0:
        return "1" + str(scaled).zfill(WIDTH)
    return "0" + str(TOP - 1 + scaled).zfill(WIDTH)


def decode_scaled(coded: str) -> int:
    number = int(coded[1:])
    return number if coded[0] == "1" else number - TOP + 1


def decode(coded: str) -> Decimal:
    """The inverse of encode; 18 decimals as NUMERIC(48, 18) gives them."""
    return Decimal(decode_scaled(coded)).scaleb(-FRACTION_DIGITS)


CODED_ZERO = encode(ZERO)


class ExactDecimalField(AnyField):
    """A Decimal with at most 30 integer and 18 fraction digits; null if allowed.

    Storing or comparing a float, NaN or more decimals raises NotExact (a ValueError)
    before the database sees it, a larger one BeyondTheLedger. What is given from
    outside has at most 20 integer digits (kernel.numbers).
    """

    description = "Exact decimal, 30 + 18 digits"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "text" if connection.vendor == "sqlite" else "numeric(48, 18)"

    def rel_db_type(self, connection: BaseDatabaseWrapper) -> str:
        return self.db_type(connection)

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor != "sqlite":
            return None
        column = connection.ops.quote_name(str(self.column))
        return f"{column} GLOB '[01]{'[0-9]' * WIDTH}'"

    def get_internal_type(self) -> str:
        return "ExactDecimalField"

    def get_lookup(self, lookup_name: str) -> Any:
        """Only lookups that mean the number, never its text."""
        return super().get_lookup(lookup_name) if lookup_name in LOOKUPS else None

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        try:
            return exact(value)
        except NotExact as error:
            raise ValidationError(str(error), code="invalid") from error

    def get_prep_value(self, value: Any) -> Any:
        if value is None or hasattr(value, "resolve_expression"):
            return value
        return held(value)

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        if not prepared:
            value = self.get_prep_value(value)
        if isinstance(value, Decimal) and connection.vendor == "sqlite":
            return encode(value)
        return value

    def from_db_value(
        self, value: Any, expression: Any, connection: BaseDatabaseWrapper
    ) -> Decimal | None:
        if value is None:
            return None
        if isinstance(expression, models.Avg):
            raise NotExact("AVG is not exact: sum and count, then divide in Python")
        if connection.vendor != "sqlite":
            return value if isinstance(value, Decimal) else Decimal(value)
        if not isinstance(value, str) or not CODED.fullmatch(value):
            raise NotExact(f"SQL arithmetic on an exact column gave {value!r}")
        return decode(value)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else text(value)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(
            **{
                "form_class": forms.DecimalField,
                "max_digits": 38,
                "decimal_places": 18,
                **kwargs,
            }
        )


@ExactDecimalField.register_lookup
class Above(GreaterThan):
    """Zero stands in the statement itself: SQLite reads an index of some rows only where
    it is told their condition in the index's own words."""

    def process_rhs(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Any]:
        sql, params = super().process_rhs(compiler, connection)
        if connection.vendor == "sqlite" and list(params) == [CODED_ZERO]:
            return f"'{CODED_ZERO}'", []
        return sql, params


class ExactSum:
    """SQLite's SUM, exact over coded decimals and as before over plain numbers."""

    def __init__(self) -> None:
        self.scaled = 0
        self.plain: float = 0
        self.coded = 0
        self.plains = 0

    def _add(self, value: Any, sign: int) -> None:
        if value is None:
            return
        if isinstance(value, str) and CODED.fullmatch(value):
            self.scaled += sign * decode_scaled(value)
            self.coded += sign
        else:
            self.plain += sign * (
                value if isinstance(value, int | float) else float(value)
            )
            self.plains += sign

    def step(self, value: Any) -> None:
        self._add(value, 1)

    def inverse(self, value: Any) -> None:
        self._add(value, -1)

    def value(self) -> Any:
        if self.coded and self.plains:
            raise ValueError("SUM over exact and plain numbers together")
        if self.coded:
            return encode_scaled(self.scaled)
        return self.plain if self.plains else None

    finalize = value


class PlainAverage:
    """SQLite's AVG, refused over coded decimals."""

    def __init__(self) -> None:
        self.total: float = 0
        self.count = 0

    def step(self, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, str) and CODED.fullmatch(value):
            raise ValueError("AVG is not exact: sum and count, then divide in Python")
        self.total += float(value)
        self.count += 1

    def finalize(self) -> Any:
        return self.total / self.count if self.count else None


def teach_sqlite(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Give a new SQLite connection the exact SUM and the refusing AVG."""
    if connection.vendor != "sqlite":
        return
    raw = connection.connection
    assert isinstance(raw, sqlite3.Connection)
    raw.create_window_function("sum", 1, ExactSum)
    raw.create_aggregate("avg", 1, PlainAverage)
