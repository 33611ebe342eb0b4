"""What came from outside and went there: cash, and coins at the worth of their time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Case, Q, QuerySet, Sum, Value, When

from kernel.numbers import ZERO
from kernel.prepared import PreparedQuery
from portfolio.domain.valuation import total
from portfolio.queries.books import Scope
from portfolio.queries.derived import lot_rows, match_rows
from trades.domain.marks import Marks
from trades.models import Book, Instrument, Transfer, Valuation
from trades.queries.assets import BookAssets
from trades.queries.generations import market_times
from trades.queries.known import KnownBook
from trades.queries.marks import mark_history
from trades.queries.rates import rate_histories

ANY_TIME = datetime.max.replace(tzinfo=UTC)  # of sums in the answer's own currency


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One movement in the book's eyes: `worth` in `currency`, negative when it went
    out; None where no mark is known. `gain` is what coins that left were worth over
    their cost (that came, under it); None where either is unknown."""

    book_id: int
    at: datetime
    currency: str
    worth: Decimal | None
    gain: Decimal | None = ZERO


@dataclass(frozen=True, kw_only=True)
class Flows:
    """In the answer's currency, each at the rate of its own time; None where a mark or
    a rate is missing. `net` is in less out, `paid_in` what came in, and `transferred`
    the part of total P&L that moved with coins."""

    net: Decimal | None
    paid_in: Decimal | None
    transferred: Decimal | None


class TransferSum(NamedTuple):
    """Transfers of one kind of meaning, added up: what came in and what went out."""

    book: int
    to_book: int | None
    asset: str
    instrument: int | None
    strategy: str
    external: bool
    into: Decimal
    out: Decimal

    def sign(self, scope: Scope) -> int:
        """1 as its own book sees it, -1 as the book it went to does; 0 where both or
        neither are of the answer."""
        return (self.book in scope.ids) - (self.to_book in scope.ids)


def transfer_sums(scope: Scope) -> list[TransferSum]:
    """All transfers of these books. One query."""
    if scope.known_at is None:
        groups = _standing_sums(scope.ids, scope.ids)
    else:
        known = Transfer.objects.standing(scope.known_at)
        groups = list(_sums(known, scope.ids, scope.ids))
    return [
        TransferSum(
            book=book,
            to_book=to_book,
            asset=asset,
            instrument=instrument,
            strategy=strategy,
            external=bool(external),
            into=into or ZERO,
            out=out or ZERO,
        )
        for book, to_book, asset, instrument, strategy, external, into, out in groups
    ]


@PreparedQuery
def _standing_sums(books: list[int], to_books: list[int]) -> QuerySet[Transfer, Any]:
    return _sums(Transfer.objects.standing(), books, to_books)


def _sums(
    transfers: QuerySet[Transfer], books: list[int], to_books: list[int]
) -> QuerySet[Transfer, Any]:
    rows = transfers.filter(Q(book__in=books) | Q(to_book__in=to_books)).order_by()
    outside = Q(kind__in=Transfer.EXTERNAL)
    return rows.values_list(
        "book",
        "to_book",
        "asset",
        "instrument",
        "strategy",
        Case(When(outside, then=Value(1)), default=Value(0)),
    ).annotate(
        into=Sum("amount", filter=Q(amount__gt=ZERO)),
        out=Sum("amount", filter=Q(amount__lt=ZERO)),
    )


def external_flows(
    scope: Scope, sums: Sequence[TransferSum], strategy: str | None = None
) -> Flows:
    """Of these books; moves between two of them are none. With `strategy` ("" is
    unassigned) only `transferred` is of it. No query for books that only ever moved
    their own currency."""
    crossing = [row for row in sums if row.external and row.sign(scope)]
    flows = list(_own_cash(scope, crossing))
    if any(not _is_own(scope, row) for row in crossing):
        flows += _others(scope, strategy)
    rates = _FlowRates(scope, {flow.currency for flow in flows})
    worth = [rates.convert(flow, flow.worth) for flow in flows]
    return Flows(
        net=total(worth),
        paid_in=total(None if value is None else max(value, ZERO) for value in worth),
        transferred=total(
            rates.convert(flow, flow.gain) for flow in flows if flow.gain is not None
        ),
    )


def _is_own(scope: Scope, row: TransferSum) -> bool:
    """Cash of the only currency of all these books: its rate is 1 at all times."""
    return not scope.mixed and row.asset == scope.currency


def _own_cash(scope: Scope, crossing: Iterable[TransferSum]) -> Iterator[Flow]:
    for row in crossing:
        if _is_own(scope, row):
            sign = row.sign(scope)
            for amount in (row.into, row.out):
                yield Flow(
                    book_id=row.book,
                    at=ANY_TIME,
                    currency=scope.currency,
                    worth=sign * amount,
                )


def _others(scope: Scope, strategy: str | None) -> Iterator[Flow]:
    """All else, one by one at the rates of their times."""
    ids = scope.ids
    sent = Q(book__in=ids) & ~Q(to_book__in=ids)
    crossing = sent | (Q(to_book__in=ids) & ~Q(book__in=ids))
    standing = Transfer.objects.standing(scope.known_at)
    rows = standing.filter(crossing, kind__in=Transfer.EXTERNAL)
    if not scope.mixed:
        rows = rows.exclude(asset=scope.currency)
    books = {book.pk: book for book in scope.books}
    by_book: dict[int, list[Transfer]] = defaultdict(list)
    for transfer in rows.select_related("instrument").order_by("at", "id"):
        owner = transfer.book_id if transfer.book_id in books else transfer.to_book_id
        by_book[owner or 0].append(transfer)
    for book_id, transfers in by_book.items():
        known = scope.known_book(book_id)
        yield from _of_book(books[book_id], transfers, strategy, known)


def _of_book(
    book: Book,
    transfers: Sequence[Transfer],
    strategy: str | None,
    known: KnownBook | None,
) -> Iterator[Flow]:
    known_at = known.known_at if known else None
    assets = BookAssets(book, known_at).load({move.asset for move in transfers})
    moved = {
        transfer.pk: instrument
        for transfer in transfers
        if (instrument := assets.of_transfer(transfer)) is not None
    }
    units = unit_worths(book, transfers, moved, known_at)
    costs = _costs(book, moved, strategy, known)
    for transfer in transfers:
        sign = 1 if transfer.book_id == book.pk else -1
        instrument = moved.get(transfer.pk)
        if instrument is None:
            yield Flow(
                book_id=book.pk,
                at=transfer.at,
                currency=transfer.asset,
                worth=sign * transfer.amount,
            )
            continue
        unit, part = units.get(transfer.pk), costs.get(transfer.pk, MovedLots())
        yield Flow(
            book_id=book.pk,
            at=transfer.at,
            currency=instrument.quote,
            worth=None if unit is None else unit * part.all_quantity,
            gain=part.gain(unit),
        )


@dataclass
class MovedLots:
    """What a transfer did to lots: the quantity that came (went: negative) over all
    strategies, and of those asked for quantity and cost; None: a cost is unknown."""

    all_quantity: Decimal = ZERO
    quantity: Decimal = ZERO
    cost: Decimal | None = ZERO

    def add(self, quantity: Decimal, cost: Decimal | None, *, counted: bool) -> None:
        self.all_quantity += quantity
        if counted:
            self.quantity += quantity
            self.cost = total((self.cost, cost))

    def gain(self, unit: Decimal | None) -> Decimal | None:
        if unit is None or self.cost is None:
            return None
        return self.cost - unit * self.quantity


def _costs(
    book: Book,
    moved: Collection[int],
    strategy: str | None,
    known: KnownBook | None,
) -> dict[int, MovedLots]:
    """By transfer, from the lots that it opened and those that it closed in this
    book: one between two books did both, in each one of them."""
    parts: dict[int, MovedLots] = defaultdict(MovedLots)
    if not moved:
        return parts
    for lot in lot_rows(book, known, moved):
        cost = None if lot.reason == "missing_cost" else lot.amount + lot.fee
        counted = strategy is None or lot.strategy == strategy
        parts[lot.transfer or 0].add(lot.quantity, cost, counted=counted)
    for match in match_rows(book, known, moved):
        if not match.lot:
            continue
        counted = strategy is None or match.strategy == strategy
        part = parts[match.transfer or 0]
        if match.long:
            spent = None if match.cost is None else -(match.cost + match.entry_fee)
            part.add(-match.quantity, spent, counted=counted)
        else:
            proceeds = match.proceeds
            brought = None if proceeds is None else proceeds - match.entry_fee
            part.add(match.quantity, brought, counted=counted)
    return parts


def unit_worths(
    book: Book,
    transfers: Iterable[Transfer],
    moved: Mapping[int, Instrument],
    known_at: datetime | None = None,
) -> dict[int, Decimal]:
    """What one unit of each moved instrument was worth at its transfer, in its quote:
    as it was valued, else the mark of that time, else the first after it. While its
    pair waits, as it was valued before."""
    kept = Valuation.objects.filter(transfer__in=moved).order_by("id")
    if known_at is not None:
        kept = kept.filter(recorded_at__lte=known_at)
    until = market_times(book) if known_at is None and moved else {}
    valued: dict[int, Decimal | None] = {
        transfer: value
        for transfer, currency, value, at in kept.values_list(
            "transfer", "currency", "value", "recorded_at"
        )
        if currency == moved[transfer].quote and at <= until.get(moved[transfer].pk, at)
    }
    missing = {moved[pk].symbol for pk in moved if valued.get(pk) is None}
    marks = mark_history(book, missing, known_at=known_at) if missing else Marks({})
    units: dict[int, Decimal] = {}
    for transfer in transfers:
        instrument, value = moved.get(transfer.pk), valued.get(transfer.pk)
        if instrument is None:
            continue
        if value is not None:
            units[transfer.pk] = value / abs(transfer.amount)
        elif mark := (
            marks.mark(instrument.symbol, transfer.at)
            or marks.first_after(instrument.symbol, transfer.at)
        ):
            units[transfer.pk] = mark.price
    return units


class _FlowRates:
    """Rates into the answer's currency at each flow's own time."""

    def __init__(self, scope: Scope, currencies: Collection[str]) -> None:
        self._target = scope.currency
        self._marks = rate_histories(
            scope.books, currencies, scope.currency, scope.known_at
        )

    def convert(self, flow: Flow, amount: Decimal | None) -> Decimal | None:
        if not amount or flow.currency == self._target:
            return amount
        rate = self._marks[flow.book_id].rate(flow.currency, self._target, flow.at)
        return None if rate is None else amount * rate
