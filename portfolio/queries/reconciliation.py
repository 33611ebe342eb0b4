"""What others say that the books hold, beside what is booked: per asset, cash and the
lots of what has it as base together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from kernel.numbers import ZERO
from portfolio.domain.reconciliation import (
    AssetChange,
    Comparison,
    HeldStatement,
    compare,
)
from portfolio.queries.books import Scope
from portfolio.queries.sizes import MOST_WALKED, facts_within, may_be_walked
from trades.domain.cash import ImpliedFunding
from trades.domain.facts import NewBalance
from trades.models import BalanceStatement, Book, Fill, Lot, Match, Transfer
from trades.queries.cash import cash_moves
from trades.queries.facts import ROWS
from trades.queries.splits import book_splits


@dataclass(frozen=True, kw_only=True)
class AssetRow:
    """One asset of one book: its statements, newest first, each beside what was
    booked; the newest is what the row says."""

    book: Book
    asset: str
    comparisons: tuple[Comparison, ...]

    @property
    def newest(self) -> Comparison:
        return self.comparisons[0]


@dataclass(frozen=True, kw_only=True)
class BookedFact:
    """A fill ("trade") or a transfer, as a reader is told of it: `what` says which
    kind of transfer it is."""

    kind: Literal["trade", "transfer"]
    id: int
    external_id: str
    at: datetime
    what: str


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Assets by book and name. `facts` are those after which something parts, and
    `left_out` the books with statements whose histories are too long to walk."""

    rows: tuple[AssetRow, ...]
    facts: Mapping[tuple[str, int], BookedFact]
    left_out: tuple[Book, ...] = ()

    @property
    def differing(self) -> list[AssetRow]:
        return [row for row in self.rows if not row.newest.agrees]

    def fact(self, row: AssetRow) -> BookedFact | None:
        """Where the row's newest statement and what is booked part."""
        parts = row.newest.parts
        return None if parts is None else self.facts.get(_key(parts))


def stated_books(scope: Scope) -> list[Book]:
    """The books about which somebody ever stated a balance. One query."""
    stated = (
        BalanceStatement.objects.standing().filter(book__in=scope.ids).values("book")
    )
    return list(Book.objects.filter(pk__in=stated).order_by("name"))


def reconciliation(scope: Scope, most: int = MOST_WALKED) -> Reconciliation:
    """Of the books with statements, by name, as long as they hold at most `most`
    facts together: eight queries each, and time in proportion to the facts."""
    books, left_out = _short_enough(stated_books(scope), most)
    rows = tuple(row for book in books for row in _rows(book))
    parts = {row.newest.parts for row in rows if row.newest.parts is not None}
    return Reconciliation(rows=rows, facts=_facts(parts), left_out=tuple(left_out))


def _short_enough(books: Sequence[Book], most: int) -> tuple[list[Book], list[Book]]:
    """Those whose facts fit in what is left of `most`, and the others."""
    kept: list[Book] = []
    left_out: list[Book] = []
    for book in books:
        facts = facts_within([book.pk], most)
        (kept if facts <= most else left_out).append(book)
        most -= facts if facts <= most else 0
    return kept, left_out


def stated_beside(
    book: Book, new: NewBalance
) -> tuple[Comparison, BookedFact | None] | None:
    """A statement that stands, beside what was booked up to its time, and the first
    fact after which they part; None where the book holds more than MOST_WALKED
    facts. Eight queries, and time in proportion to the facts."""
    if not may_be_walked([book.pk]):
        return None
    compared = next(
        comparison
        for row in _rows(book)
        for comparison in row.comparisons
        if _says(comparison.statement, new)
    )
    if compared.parts is None:
        return compared, None
    return compared, _facts([compared.parts]).get(_key(compared.parts))


def _says(held: HeldStatement, new: NewBalance) -> bool:
    return (held.asset, held.at, held.source) == (new.asset, new.at, new.source)


def _rows(book: Book) -> Iterator[AssetRow]:
    stored = BalanceStatement.objects.standing().filter(book=book).order_by("at", "pk")
    statements = [
        HeldStatement(
            asset=row.asset, at=row.at, amount=row.amount, source=row.source, pk=row.pk
        )
        for row in stored
    ]
    comparisons = compare(_changes(book), statements)
    for asset in sorted({statement.asset for statement in statements}):
        yield AssetRow(
            book=book,
            asset=asset,
            comparisons=tuple(
                comparison
                for comparison in reversed(comparisons)
                if comparison.statement.asset == asset
            ),
        )


def _changes(book: Book) -> Iterator[AssetChange]:
    yield from _cash_changes(book)
    yield from _lot_changes(book)
    yield from _match_changes(book)
    lots = Lot.objects.filter(book=book).order_by()
    bases = dict(lots.values_list("instrument__symbol", "instrument__base").distinct())
    splits = book_splits(book, list(bases))
    for symbol, base in bases.items():
        for split in splits.of(symbol):
            yield AssetChange(at=split.at, asset=base, symbol=symbol, ratio=split.ratio)


def _cash_changes(book: Book) -> Iterator[AssetChange]:
    """Implied funding is cash that is there, and comes and goes with its fact."""
    funding = ImpliedFunding()
    for (at, _, _, pk), move in cash_moves(book):
        quantity = move.amount
        if move.currency == book.base_currency:
            quantity += funding.apply(move)
        yield AssetChange(
            at=at,
            asset=move.currency,
            quantity=quantity,
            fill=pk if move.by_fill else None,
            transfer=None if move.by_fill else pk,
        )


def _lot_changes(book: Book) -> Iterator[AssetChange]:
    lots = Lot.objects.filter(book=book).values_list(
        "opened_at",
        "instrument__base",
        "instrument__symbol",
        "long",
        "quantity",
        "fill_id",
        "transfer_id",
    )
    for at, base, symbol, long, quantity, fill, transfer in lots.iterator(ROWS):
        yield AssetChange(
            at=at,
            asset=base,
            symbol=symbol,
            quantity=quantity if long else -quantity,
            fill=fill,
            transfer=transfer,
        )


def _match_changes(book: Book) -> Iterator[AssetChange]:
    """A match without a lot took nothing that was held, and names the asset."""
    matches = Match.objects.filter(book=book).values_list(
        "at",
        "instrument__base",
        "instrument__symbol",
        "lot__long",
        "quantity",
        "fill_id",
        "transfer_id",
    )
    for at, base, symbol, long, quantity, fill, transfer in matches.iterator(ROWS):
        yield AssetChange(
            at=at,
            asset=base,
            symbol=symbol,
            quantity=_taken(quantity, long),
            fill=fill,
            transfer=transfer,
        )


def _taken(quantity: Decimal, long: bool | None) -> Decimal:
    if long is None:
        return ZERO
    return -quantity if long else quantity


def _facts(parts: Collection[AssetChange]) -> dict[tuple[str, int], BookedFact]:
    """The facts themselves, by kind and id. Two queries."""
    fills = Fill.objects.filter(pk__in=[part.fill for part in parts if part.fill])
    transfers = Transfer.objects.filter(
        pk__in=[part.transfer for part in parts if part.transfer]
    )
    facts = [
        BookedFact(
            kind="trade",
            id=fill.pk,
            external_id=fill.external_id,
            at=fill.executed_at,
            what="trade",
        )
        for fill in fills
    ]
    facts += [
        BookedFact(
            kind="transfer",
            id=transfer.pk,
            external_id=transfer.external_id,
            at=transfer.at,
            what=transfer.kind,
        )
        for transfer in transfers
    ]
    return {(fact.kind, fact.id): fact for fact in facts}


def _key(change: AssetChange) -> tuple[str, int]:
    if change.fill is not None:
        return "trade", change.fill
    return "transfer", change.transfer or 0
