"""What the API answers about stated and booked balances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from kernel.paging import Page
from kernel.schema import Answer
from portfolio.domain.reasons import Reason
from portfolio.domain.reconciliation import Comparison
from portfolio.queries.reconciliation import AssetRow, BookedFact, Reconciliation

MOST_STATEMENTS = 50


@dataclass(frozen=True, kw_only=True)
class PartingFact(Answer):
    """The first fact of the asset after the last statement that agreed."""

    kind: Literal["trade", "transfer"]
    id: str
    external_id: str
    timestamp: datetime

    @classmethod
    def of(cls, fact: BookedFact) -> PartingFact:
        return cls(
            kind=fact.kind,
            id=str(fact.id),
            external_id=fact.external_id,
            timestamp=fact.at,
        )


@dataclass(frozen=True, kw_only=True)
class StatedBalance(Answer):
    """One statement beside what was booked up to its time."""

    timestamp: datetime
    source: str
    stated: Decimal
    booked: Annotated[Decimal, "cash, and lots of what has the asset as base"]
    difference: Annotated[Decimal, "stated less booked"]

    @classmethod
    def of(cls, comparison: Comparison) -> StatedBalance:
        return cls(
            timestamp=comparison.statement.at,
            source=comparison.statement.source,
            stated=comparison.statement.amount,
            booked=comparison.booked,
            difference=comparison.difference,
        )


@dataclass(frozen=True, kw_only=True)
class ReconciledAsset(Answer):
    """One asset of one book, as its newest statement has it."""

    book: str
    asset: str
    timestamp: datetime
    source: str
    stated: Decimal
    booked: Annotated[Decimal, "cash, and lots of what has the asset as base"]
    difference: Annotated[Decimal, "stated less booked"]
    agrees: bool
    parts_at: Annotated[
        PartingFact | None, "null: they agree, or no fact names the asset"
    ]
    statements: Annotated[list[StatedBalance], "newest first, at most 50"]

    @classmethod
    def of(cls, row: AssetRow, compared: Reconciliation) -> ReconciledAsset:
        newest, fact = row.newest, compared.fact(row)
        return cls(
            book=row.book.name,
            asset=row.asset,
            timestamp=newest.statement.at,
            source=newest.statement.source,
            stated=newest.statement.amount,
            booked=newest.booked,
            difference=newest.difference,
            agrees=newest.agrees,
            parts_at=None if fact is None else PartingFact.of(fact),
            statements=[
                StatedBalance.of(comparison)
                for comparison in row.comparisons[:MOST_STATEMENTS]
            ],
        )


@dataclass(frozen=True, kw_only=True)
class UncomparedBook(Answer):
    """A book with statements that were not compared, and why."""

    book: str
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class ReconciliationAnswer(Answer):
    """By book and asset; an asset about which nobody stated anything is not here."""

    assets: list[ReconciledAsset]
    left_out: Annotated[list[UncomparedBook], "their facts are too many for an answer"]
    next_cursor: Annotated[str | None, "of the assets"]
    timestamp: datetime

    @classmethod
    def of(
        cls,
        compared: Reconciliation,
        now: datetime,
        page: Page[AssetRow],
    ) -> ReconciliationAnswer:
        return cls(
            assets=[ReconciledAsset.of(row, compared) for row in page.rows],
            next_cursor=page.next_cursor,
            left_out=[
                UncomparedBook(book=book.name, reason=Reason.TOO_MANY_FACTS)
                for book in compared.left_out
            ],
            timestamp=now,
        )
