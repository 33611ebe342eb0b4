"""What a file of trades says: its facts, what is wrong with which line, what was left
out and why, and its own totals beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from kernel.numbers import ZERO, text
from trades.domain.facts import NewBalance, NewFill, NewTransfer
from trades.domain.reading import NotAFact


class NotAFile(ValueError):
    """The file as a whole cannot be read; says why and in which line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What somebody declares of a file that it does not say itself.

    `file_format` "" is found out, `encoding` "" is UTF-8 (or what a byte order mark
    says), `mapping` leads from columns of the file to names of POST /api/trades,
    `base_currency` is the book's ("" where it is not known yet).
    """

    file_format: str = ""
    zone: ZoneInfo | None = None
    encoding: str = ""
    decimal_comma: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    base_currency: str = ""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that cannot be booked, by its physical line (0: the format has none)."""

    line: int
    reason: str
    field: str = ""

    def __str__(self) -> str:
        reason = f"{self.field}: {self.reason}" if self.field else self.reason
        return f"line {self.line}: {reason}" if self.line else reason


def broken_row(line: int, error: NotAFact, where: str = "") -> BrokenRow:
    """A row with all that is wrong in it; `where` names its place in a document."""
    if where:
        return BrokenRow(line, f"{where}: {error}")
    first, *others = error.errors
    more = [f"{fault.pointer.strip('/')}: {fault.detail}" for fault in others]
    return BrokenRow(line, "; ".join([first.detail, *more]), first.pointer.strip("/"))


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row that says nothing to book (cancelled, not filled), named with its reason."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


class DifferenceKind(StrEnum):
    """What must be ticked before a file is booked."""

    BALANCE = "balance"
    COST = "cost"
    PROFIT = "profit"
    ROW_TYPE = "row_type"
    OTHER_FORMAT = "other_format"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where the file contradicts what would be booked, or says what is not known.

    `ours` and `theirs` keep their texts; a row type that is not known has neither.
    """

    kind: DifferenceKind
    what: str
    line: int = 0
    ours: str = ""
    theirs: str = ""

    def __str__(self) -> str:
        said = f"{self.what}: {self.theirs} stated, {self.ours} by the rows"
        said = said if self.ours or self.theirs else self.what
        return f"line {self.line}: {said}" if self.line else said


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedProfit:
    """A profit as the file writes it, beside what its fills come to before and after
    fees. It agrees where either does, within `rounding`."""

    what: str
    stated: Decimal
    gross: Decimal
    fees: Decimal
    rounding: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees

    @property
    def agrees_with(self) -> str:
        """net, gross, or "" where the file contradicts its own fills."""
        if abs(self.stated - self.net) <= self.rounding:
            return "net"
        return "gross" if abs(self.stated - self.gross) <= self.rounding else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceCheck:
    """What the file says is left of an asset at its end, beside the sum of its rows."""

    asset: str
    stated: Decimal
    by_rows: Decimal

    @property
    def difference(self) -> Decimal:
        return self.stated - self.by_rows


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file, what it is read as ("" is ignored), and a few cells."""

    theirs: str
    ours: str = ""
    samples: Sequence[str] = ()


class UnmappedColumns(NotAFile):
    """A table whose columns need naming; `columns` are those it has, `missing` the
    names that none of them is read as."""

    def __init__(
        self, reason: str, columns: Sequence[Column], missing: Sequence[str]
    ) -> None:
        super().__init__(reason)
        self.columns = tuple(columns)
        self.missing = tuple(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a table was written; a JSON document has no separator and no columns."""

    encoding: str = "UTF-8"
    separator: str = ""
    decimal_comma: bool = False
    header_line: int = 0
    columns: Sequence[Column] = ()

    @property
    def ignored(self) -> list[str]:
        return [column.theirs for column in self.columns if not column.ours]


@dataclass
class ParsedFile:
    """What a file says. `quote` is the currency it is kept in ("" when it has
    several); fills and transfers stand in their order, `sequence` counts both.

    `duplicates` are rows that repeat an id with the same content. `stated` holds the
    file's own totals as it wrote them, `recomputed` ours. Rounding concerns float
    exports: rows and the largest error.
    """

    file_format: str
    dialect: Dialect = field(default_factory=Dialect)
    fills: list[NewFill] = field(default_factory=list)
    transfers: list[NewTransfer] = field(default_factory=list)
    balances: list[NewBalance] = field(default_factory=list)
    broken: list[BrokenRow] = field(default_factory=list)
    skipped: list[SkippedRow] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    profits: list[StatedProfit] = field(default_factory=list)
    balance_checks: list[BalanceCheck] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stated: dict[str, str] = field(default_factory=dict)
    recomputed: dict[str, str] = field(default_factory=dict)
    quote: str = ""
    duplicates: int = 0
    needs_shorts: bool = False
    rounded_rows: int = 0
    largest_rounding: Decimal = ZERO

    def compare(self, profit: StatedProfit) -> None:
        """Keep a stated profit; one that agrees with neither figure is a difference."""
        self.profits.append(profit)
        if not profit.agrees_with:
            self.differences.append(
                Difference(
                    kind=DifferenceKind.PROFIT,
                    what=profit.what,
                    ours=f"{text(profit.net)} net, {text(profit.gross)} gross",
                    theirs=text(profit.stated),
                )
            )
