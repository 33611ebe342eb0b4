"""Stated and booked balances as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from kernel.display import number, signed
from portfolio.domain.reconciliation import Comparison
from portfolio.queries.reconciliation import AssetRow, BookedFact, Reconciliation
from trades.pages.entry import EntryPage

SHOWN = 20
ON_A_CARD = 5
CARD_FACTS = 2_000  # of all books together: what a card may cost its page


def balance_page() -> EntryPage:
    """The page that takes a stated balance."""
    return EntryPage(
        title="State a balance",
        intro="What an exchange, a bank or a statement says that a book holds.",
        action="State it",
        done="The balance is stated.",
        back="Reconciliation",
        back_url=reverse("portfolio:reconciliation"),
    )


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
    pk: int
    at: datetime
    source: str
    stated: str
    booked: str
    difference: str
    agrees: bool

    @classmethod
    def of(cls, compared: Comparison) -> StatementLine:
        return cls(
            pk=compared.statement.pk,
            at=compared.statement.at,
            source=compared.statement.source,
            stated=number(compared.statement.amount),
            booked=number(compared.booked),
            difference="" if compared.agrees else signed(compared.difference, None),
            agrees=compared.agrees,
        )


@dataclass(frozen=True, kw_only=True)
class StatementOutlook:
    """What stating a balance shows: the line that it adds, and where it parts; neither
    (`line` is None) in a book that is too long to be compared while somebody waits."""

    asset: str = ""
    line: StatementLine | None = None
    parting: PartingLine | None = None

    @classmethod
    def of(
        cls, beside: tuple[Comparison, BookedFact | None] | None
    ) -> StatementOutlook:
        if beside is None:
            return cls()
        compared, fact = beside
        return cls(
            asset=compared.statement.asset,
            line=StatementLine.of(compared),
            parting=None if fact is None else PartingLine.of(fact),
        )


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


@dataclass(frozen=True, kw_only=True)
class StatedCard:
    """What the portfolio page says of stated balances: the first that differ, how many
    others do and how many agree. `unread` books are too long to be compared here."""

    differing: list[AssetLines]
    more: int
    agreeing: int
    unread: list[str]

    @property
    def stated(self) -> bool:
        return bool(self.differing or self.agreeing or self.unread)


def stated_card(compared: Reconciliation) -> StatedCard:
    differing = [_asset(row, compared) for row in compared.differing]
    return StatedCard(
        differing=differing[:ON_A_CARD],
        more=max(0, len(differing) - ON_A_CARD),
        agreeing=len(compared.rows) - len(differing),
        unread=[book.name for book in compared.left_out],
    )


def asset_lines(compared: Reconciliation) -> list[AssetLines]:
    """What differs first."""
    rows = sorted(compared.rows, key=lambda row: row.newest.agrees)
    return [_asset(row, compared) for row in rows]


def _asset(row: AssetRow, compared: Reconciliation) -> AssetLines:
    fact = compared.fact(row)
    return AssetLines(
        book=row.book.name,
        asset=row.asset,
        lines=[StatementLine.of(compared) for compared in row.comparisons[:SHOWN]],
        parting=None if fact is None else PartingLine.of(fact),
        more=max(0, len(row.comparisons) - SHOWN),
    )
