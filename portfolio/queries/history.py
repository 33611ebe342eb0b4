"""A book's whole history as the walk through it needs it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from kernel.numbers import ZERO, text
from portfolio.domain.equity import Entry, Marks, Walk
from portfolio.domain.returns import day_of
from trades.models import (
    Book,
    Fill,
    Lot,
    Match,
    Price,
    Split,
    Transfer,
)


@dataclass
class Facts:
    """What one day's facts were: how many of each kind, and their lines."""

    fills: int = 0
    transfers: int = 0
    prices: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()


@dataclass
class History:
    """Everything of one book, in order of time."""

    book: Book
    entries: list[Entry]
    marks: Marks
    quotes: dict[str, str]
    facts: dict[date, Facts]
    implied: bool

    def start(self) -> Walk:
        """The state before anything happened."""
        return Walk(self.book.base_currency, self.quotes, self.marks, self.implied)

    @property
    def first_day(self) -> date | None:
        return day_of(self.entries[0].at, self.book.zone) if self.entries else None


def history(book: Book) -> History:
    """Load it: seven queries, and time in proportion to the number of facts."""
    fills = _fills(book)
    transfers = list(
        Transfer.objects.filter(book=book)
        .select_related("instrument")
        .order_by("at", "sequence", "external_id")
    )
    quotes = {row.symbol: row.quote for row in fills}
    quotes |= {
        one.instrument.symbol: one.instrument.quote
        for one in transfers
        if one.instrument is not None
    }
    prices = _prices(book, quotes, fills, transfers)
    entries = [
        *_transfer_entries(transfers),
        *(entry for row in fills for entry in _cash_of(row)),
        *_lot_entries(book),
        *_match_entries(book),
        *_split_entries(quotes),
    ]
    entries.sort(key=lambda one: one.at)
    return History(
        book=book,
        entries=entries,
        marks=_marks(prices, fills),
        quotes=quotes,
        facts=_facts(book, fills, transfers, prices),
        implied=not any(_pays_in(one) for one in transfers),
    )


def _pays_in(transfer: Transfer) -> bool:
    return transfer.external and transfer.amount > 0


class FillRow(NamedTuple):
    external_id: str
    executed_at: datetime
    sequence: int
    symbol: str
    base: str
    quote: str
    side: str
    quantity: Decimal
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    fee_value: Decimal | None
    strategy: str


def _fills(book: Book) -> list[FillRow]:
    rows = (
        Fill.objects.filter(book=book)
        .exclude(status=Fill.Status.VOIDED)
        .order_by("executed_at", "sequence", "external_id")
        .values_list(
            "external_id",
            "executed_at",
            "sequence",
            "instrument__symbol",
            "instrument__base",
            "instrument__quote",
            "side",
            "quantity",
            "price",
            "amount",
            "fee",
            "fee_currency",
            "fee_value",
            "strategy",
        )
    )
    return [FillRow(*row) for row in rows]


def _prices(
    book: Book,
    quotes: dict[str, str],
    fills: Sequence[FillRow],
    transfers: Sequence[Transfer],
) -> list[tuple[str, datetime, Decimal, str]]:
    """Prices of what the book trades and of every currency it may hold."""
    currencies = {
        *quotes.values(),
        *(row.fee_currency for row in fills),
        *(one.asset for one in transfers),
    } - {book.base_currency}
    bases = {book.base_currency, *quotes.values()}
    pairs = {f"{a}-{b}" for a in currencies for b in bases if a != b}
    pairs |= {f"{b}-{a}" for a in currencies for b in bases if a != b}
    wanted = Price.objects.filter(symbol__in={*quotes, *pairs}).order_by("at", "id")
    return list(wanted.values_list("symbol", "at", "price", "source"))


def _marks(
    prices: Iterable[tuple[str, datetime, Decimal, str]], fills: Iterable[FillRow]
) -> Marks:
    quoted: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for symbol, at, price, _ in prices:
        quoted[symbol].append((at, price))
    traded: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for row in fills:
        traded[row.symbol].append((row.executed_at, row.price))
    return Marks(quoted, traded)


def _cash_of(row: FillRow) -> Iterator[Entry]:
    """What a fill does to cash: its quote leg, and its fee unless paid in kind."""
    leg = row.amount if row.side == Fill.Side.SELL else -row.amount
    if row.fee_currency == row.quote:
        leg -= row.fee
    yield Entry(row.executed_at, currency=row.quote, cash=leg)
    if row.fee and row.fee_currency not in {row.quote, row.base}:
        yield Entry(row.executed_at, currency=row.fee_currency, cash=-row.fee)


def _transfer_entries(transfers: Iterable[Transfer]) -> Iterator[Entry]:
    for one in transfers:
        if one.moves_instrument:
            continue  # its lots and matches carry it
        symbol = one.instrument.symbol if one.instrument is not None else ""
        if one.external:
            yield Entry(
                one.at, currency=one.asset, cash=one.amount, external=one.amount
            )
        else:
            yield Entry(
                one.at,
                symbol,
                one.strategy,
                one.asset,
                cash=one.amount,
                income=one.amount,
            )


def _lot_entries(book: Book) -> Iterator[Entry]:
    rows = Lot.objects.filter(book=book).values_list(
        "opened_at",
        "instrument__symbol",
        "strategy",
        "long",
        "quantity",
        "amount",
        "fee",
        "transfer__kind",
    )
    for at, symbol, strategy, long, quantity, amount, fee, kind in rows:
        sign = 1 if long else -1
        yield Entry(
            at,
            symbol,
            strategy,
            quantity=sign * quantity,
            cost=sign * amount + fee,
            in_kind=kind in Transfer.EXTERNAL,
        )


def _match_entries(book: Book) -> Iterator[Entry]:
    rows = Match.objects.filter(book=book).values_list(
        "at",
        "instrument__symbol",
        "strategy",
        "kind",
        "lot_id",
        "lot__long",
        "quantity",
        "cost",
        "proceeds",
        "fee",
        "entry_fee",
        "transfer__kind",
    )
    for (
        at,
        symbol,
        strategy,
        kind,
        lot,
        long,
        quantity,
        cost,
        proceeds,
        fee,
        entry,
        moved,
    ) in rows:
        outside = kind == Match.Kind.TRANSFER and moved in Transfer.EXTERNAL
        known = cost or ZERO
        if not lot:  # closed without a lot: nothing was held
            quantity_change = cost_change = ZERO
        elif long:
            quantity_change, cost_change = -quantity, -(known + entry)
        else:
            quantity_change, cost_change = quantity, proceeds - entry
        yield Entry(
            at,
            symbol,
            strategy,
            quantity=quantity_change,
            cost=cost_change,
            realised=ZERO if outside else proceeds - known - fee,
            in_kind=outside and bool(lot),
        )


def _split_entries(quotes: Iterable[str]) -> Iterator[Entry]:
    rows = Split.objects.filter(instrument__symbol__in=list(quotes)).values_list(
        "instrument__symbol", "at", "numerator", "denominator"
    )
    for symbol, at, numerator, denominator in rows:
        yield Entry(at, symbol, split=Fraction(numerator, denominator))


def _facts(
    book: Book,
    fills: Iterable[FillRow],
    transfers: Iterable[Transfer],
    prices: Iterable[tuple[str, datetime, Decimal, str]],
) -> dict[date, Facts]:
    days: dict[date, Facts] = defaultdict(Facts)
    for row in fills:
        found = days[day_of(row.executed_at, book.zone)]
        found.fills += 1
        found.lines.append("|".join(("fill", *(_line(value) for value in row))))
    for one in transfers:
        found = days[day_of(one.at, book.zone)]
        found.transfers += 1
        parts = (
            one.external_id,
            one.at,
            one.kind,
            one.asset,
            one.amount,
            one.cost,
            one.strategy,
        )
        found.lines.append("|".join(("transfer", *(_line(value) for value in parts))))
    for price in prices:
        found = days[day_of(price[1], book.zone)]
        found.prices += 1
        found.lines.append("|".join(("price", *(_line(value) for value in price))))
    return days


def _line(value: object) -> str:
    if isinstance(value, Decimal):
        return text(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
