"""What reading a file found, in a form that is kept, answered and shown alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice

from kernel.numbers import ZERO
from trades.domain.facts import NewFill, NewTransfer
from trades.domain.formats.parsed import Column, Difference, ParsedFile

MOST_LINES = 1000
MOST_SYMBOLS = 200
SAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class ReportLine:
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """A fact of the file; a movement of an asset has no price."""

    line: int
    at: datetime
    kind: str
    symbol: str
    quantity: Decimal
    price: Decimal | None
    fee: Decimal
    fee_currency: str


@dataclass(frozen=True, kw_only=True)
class ReportSymbol:
    symbol: str
    fills: int
    bought: Decimal
    sold: Decimal
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReportPosition:
    """A position before and after; `entry_price` is that after, without fees."""

    symbol: str
    before: Decimal
    after: Decimal
    entry_price: Decimal | None


@dataclass(frozen=True, kw_only=True)
class ReportDifference:
    """What must be accepted before the file is booked."""

    kind: str
    what: str
    line: int
    ours: str
    theirs: str

    def __str__(self) -> str:
        said = f"{self.what}: {self.theirs} stated, {self.ours} by the rows"
        said = said if self.ours or self.theirs else self.what
        return f"line {self.line}: {said}" if self.line else said


@dataclass(frozen=True, kw_only=True)
class ReportProfit:
    what: str
    stated: Decimal
    gross: Decimal
    net: Decimal
    agrees_with: str


@dataclass(frozen=True, kw_only=True)
class ReportBalance:
    asset: str
    stated: Decimal
    by_rows: Decimal


@dataclass(frozen=True, kw_only=True)
class ReportColumn:
    theirs: str
    ours: str
    samples: list[str]


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """Counts are of the whole file; the lists are its first rows."""

    format: str
    encoding: str = ""
    separator: str = ""
    columns: list[ReportColumn] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    base_currency: str = ""
    makes_book: bool = False
    booked_before: bool = False
    rows: int = 0
    fills: int = 0
    transfers: int = 0
    balances: int = 0
    new: int = 0
    duplicates: int = 0
    broken_count: int = 0
    broken: list[ReportLine] = field(default_factory=list)
    skipped_count: int = 0
    skipped: list[ReportLine] = field(default_factory=list)
    first_rows: list[ReportRow] = field(default_factory=list)
    last_rows: list[ReportRow] = field(default_factory=list)
    symbol_count: int = 0
    symbols: list[ReportSymbol] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    positions: list[ReportPosition] | None = None
    waiting: list[str] = field(default_factory=list)
    profits: list[ReportProfit] = field(default_factory=list)
    balance_checks: list[ReportBalance] = field(default_factory=list)
    differences: list[ReportDifference] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rounded_rows: int = 0
    largest_rounding: Decimal = ZERO
    stated: Mapping[str, str] = field(default_factory=dict)
    recomputed: Mapping[str, str] = field(default_factory=dict)


def report_of(parsed: ParsedFile) -> ImportReport:
    """What the file itself says, before it is held against a book."""
    facts: list[NewFill | NewTransfer] = [*parsed.fills, *parsed.transfers]
    facts.sort(key=place_of)
    symbols = _symbols(parsed.fills)
    return ImportReport(
        format=parsed.file_format,
        encoding=parsed.dialect.encoding,
        separator=parsed.dialect.separator,
        columns=report_columns(parsed.dialect.columns),
        rows=len(facts) + parsed.duplicates + len(parsed.broken) + len(parsed.skipped),
        fills=len(parsed.fills),
        transfers=len(parsed.transfers),
        balances=len(parsed.balances),
        broken_count=len(parsed.broken),
        broken=_lines((row.line, _reason(row)) for row in parsed.broken[:MOST_LINES]),
        skipped_count=len(parsed.skipped),
        skipped=_lines((row.line, row.reason) for row in parsed.skipped[:MOST_LINES]),
        first_rows=[_row(fact) for fact in facts[:SAMPLES]],
        last_rows=[_row(fact) for fact in facts[SAMPLES:][-SAMPLES:]],
        symbol_count=len(symbols),
        symbols=symbols[:MOST_SYMBOLS],
        first_at=_at(facts[0]) if facts else None,
        last_at=_at(facts[-1]) if facts else None,
        profits=[
            ReportProfit(
                what=profit.what,
                stated=profit.stated,
                gross=profit.gross,
                net=profit.net,
                agrees_with=profit.agrees_with,
            )
            for profit in parsed.profits[:MOST_LINES]
        ],
        balance_checks=[
            ReportBalance(asset=check.asset, stated=check.stated, by_rows=check.by_rows)
            for check in parsed.balance_checks[:MOST_SYMBOLS]
        ],
        differences=report_differences(parsed.differences),
        notes=parsed.notes[:MOST_LINES],
        rounded_rows=parsed.rounded_rows,
        largest_rounding=parsed.largest_rounding,
        stated=parsed.stated,
        recomputed=parsed.recomputed,
    )


def report_differences(differences: Iterable[Difference]) -> list[ReportDifference]:
    return [
        ReportDifference(
            kind=difference.kind.value,
            what=difference.what,
            line=difference.line,
            ours=difference.ours,
            theirs=difference.theirs,
        )
        for difference in islice(differences, MOST_LINES)
    ]


def report_columns(columns: Iterable[Column]) -> list[ReportColumn]:
    return [
        ReportColumn(theirs=column.theirs, ours=column.ours, samples=[*column.samples])
        for column in columns
    ]


def _reason(row: object) -> str:
    """The sentence without its line, which stands beside it."""
    return str(row).partition(": ")[2] if getattr(row, "line", 0) else str(row)


def _lines(rows: Iterable[tuple[int, str]]) -> list[ReportLine]:
    return [ReportLine(line=line, reason=reason) for line, reason in rows]


def _at(fact: NewFill | NewTransfer) -> datetime:
    return fact.executed_at if isinstance(fact, NewFill) else fact.at


def place_of(fact: NewFill | NewTransfer) -> tuple[datetime, int]:
    return _at(fact), fact.sequence


def _row(fact: NewFill | NewTransfer) -> ReportRow:
    if isinstance(fact, NewFill):
        return ReportRow(
            line=fact.line,
            at=fact.executed_at,
            kind=fact.side,
            symbol=fact.symbol,
            quantity=fact.quantity,
            price=fact.price,
            fee=fact.fee,
            fee_currency=fact.fee_currency,
        )
    return ReportRow(
        line=fact.line,
        at=fact.at,
        kind=fact.kind,
        symbol=fact.asset,
        quantity=fact.amount,
        price=None,
        fee=ZERO,
        fee_currency="",
    )


def _symbols(fills: Sequence[NewFill]) -> list[ReportSymbol]:
    """One line a symbol, in the order in which they first trade."""
    groups: dict[str, list[NewFill]] = defaultdict(list)
    for fill in fills:
        groups[fill.symbol].append(fill)
    return [_symbol(symbol, group) for symbol, group in groups.items()]


def _symbol(symbol: str, fills: Sequence[NewFill]) -> ReportSymbol:
    times = [fill.executed_at for fill in fills]
    return ReportSymbol(
        symbol=symbol,
        fills=len(fills),
        bought=sum((fill.quantity for fill in fills if fill.side == "buy"), ZERO),
        sold=sum((fill.quantity for fill in fills if fill.side == "sell"), ZERO),
        first_at=min(times),
        last_at=max(times),
    )
