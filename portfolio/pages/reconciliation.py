"""Stated and booked balances as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from kernel.display import number, signed
from portfolio.queries.reconciliation import AssetRow, BookedFact, Reconciliation

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class PartingLine:
    """The first fact after which they part, with where it can be read."""

    text: str
    at: datetime
    href: str = ""

    @classmethod
    def of(cls, fact: BookedFact) -> PartingLine:
        is_trade = fact.kind == "trade"
        return cls(
            text=f"{fact.what} {fact.external_id}",
            at=fact.at,
            href=reverse("trades:trade", args=[fact.id]) if is_trade else "",
        )


@dataclass(frozen=True, kw_only=True)
class StatementLine:
    at: datetime
    source: str
    stated: str
    booked: str
    difference: str
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class AssetLines:
    """One asset of one book: its statements, newest first."""

    book: str
    asset: str
    lines: list[StatementLine]
    parting: PartingLine | None
    more: int

    @property
    def newest(self) -> StatementLine:
        return self.lines[0]


def asset_lines(compared: Reconciliation) -> list[AssetLines]:
    """What differs first."""
    rows = sorted(compared.rows, key=lambda row: row.newest.agrees)
    return [_asset(row, compared) for row in rows]


def _asset(row: AssetRow, compared: Reconciliation) -> AssetLines:
    fact = compared.fact(row)
    return AssetLines(
        book=row.book.name,
        asset=row.asset,
        lines=list(_lines(row)),
        parting=None if fact is None else PartingLine.of(fact),
        more=max(0, len(row.comparisons) - SHOWN),
    )


def _lines(row: AssetRow) -> Iterable[StatementLine]:
    for comparison in row.comparisons[:SHOWN]:
        yield StatementLine(
            at=comparison.statement.at,
            source=comparison.statement.source,
            stated=number(comparison.statement.amount),
            booked=number(comparison.booked),
            difference="" if comparison.agrees else signed(comparison.difference, None),
            agrees=comparison.agrees,
        )
