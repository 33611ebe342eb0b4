"""What a Coinbase statement says is left after each row, beside what its rows come to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kernel.numbers import ZERO, text
from trades.domain.facts import NewBalance
from trades.domain.formats.parsed import (
    BalanceCheck,
    Difference,
    DifferenceKind,
    ParsedFile,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One movement of one unit. `place` is where the file has it."""

    line: int
    place: int
    kind: str
    portfolio: str
    at: datetime
    amount: Decimal
    balance: Decimal
    unit: str
    transfer: str
    trade: str
    order: str


class Balances:
    """Runs through the rows in their order, for each portfolio and unit apart.

    A unit begins with what its first row says was held before. From then on the sum
    of amounts is ours, the balance theirs; the row at which they part is named once.
    """

    def __init__(self, parsed: ParsedFile) -> None:
        self.parsed = parsed
        self.by_rows: dict[tuple[str, str], Decimal] = {}
        self.stated: dict[tuple[str, str], Decimal] = {}
        self.apart: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        self.booked: dict[str, Decimal] = defaultdict(lambda: ZERO)
        self.at_time: dict[tuple[str, datetime], Decimal] = {}

    def row(self, row: StatementRow, *, booked: bool) -> None:
        """`booked` says whether the row's amount will be booked."""
        key = row.portfolio, row.unit
        if key not in self.by_rows:
            before = row.balance - row.amount
            self.by_rows[key] = before
            self.booked[row.unit] += before
            if before:
                self.parsed.notes.append(
                    f"line {row.line}: the statement begins with {text(before)} "
                    f"{row.unit} held before"
                )
        self.by_rows[key] += row.amount
        self.booked[row.unit] += row.amount if booked else ZERO
        self.stated[key] = row.balance
        apart = row.balance - self.by_rows[key]
        if apart != self.apart[key]:
            self.apart[key] = apart
            self.parsed.differences.append(
                Difference(
                    kind=DifferenceKind.BALANCE,
                    what=f"balance of {row.unit}",
                    line=row.line,
                    ours=text(self.by_rows[key]),
                    theirs=text(row.balance),
                )
            )
        self.at_time[row.unit, row.at] = self._held(row.unit)

    def _held(self, unit: str) -> Decimal:
        """What all portfolios together are said to hold."""
        return sum(
            (held for (_, other), held in self.stated.items() if other == unit), ZERO
        )

    def close(self) -> None:
        """Statements at each time, and ours beside theirs at the end."""
        self.parsed.balances = [
            NewBalance(asset=unit, amount=amount, at=at, source="coinbase")
            for (unit, at), amount in self.at_time.items()
        ]
        for unit in sorted(self.booked):
            held = self._held(unit)
            self.parsed.stated[f"balance {unit}"] = text(held)
            self.parsed.balance_checks.append(
                BalanceCheck(asset=unit, stated=held, by_rows=self.booked[unit])
            )
