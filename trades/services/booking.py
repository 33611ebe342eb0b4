"""Booking: facts in, with everything that follows from them, in one transaction.

The same steps serve one fill from the API, a file and the demo data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid
from kernel.numbers import NotExact, exact, rounded, text
from operations.services import scheduler
from trades.domain.facts import (
    NewBalance,
    NewDecision,
    NewFill,
    NewPrice,
    NewTransfer,
    symbol_parts,
)
from trades.models import (
    BalanceStatement,
    Book,
    Decision,
    Fill,
    ImportBatch,
    Instrument,
    Price,
    Split,
    Strategy,
    Transfer,
)
from trades.queries.rates import BookRates
from trades.services import ledger
from trades.services.books import writable_book
from trades.services.ledger import Deltas, Key

Row = TypeVar("Row", Fill, Transfer)
CHUNK = 500
INSERT = 2000


@dataclass(frozen=True)
class Entries:
    """What is to be recorded in one book at once."""

    fills: Sequence[NewFill] = ()
    transfers: Sequence[NewTransfer] = ()
    prices: Sequence[NewPrice] = ()
    balances: Sequence[NewBalance] = ()
    decisions: Sequence[NewDecision] = ()


@dataclass(frozen=True)
class Recorded:
    """What became of it: `fills` and `transfers` in the order given (known ones
    included), `new` counts by kind, `duplicates` how many were known already."""

    fills: list[Fill]
    transfers: list[Transfer]
    new: Mapping[str, int]
    duplicates: int
    recorded_at: datetime

    @property
    def anything(self) -> bool:
        return any(self.new.values())


@dataclass(frozen=True)
class Booked:
    """The fills of a call in its order; `new` says how many were not known."""

    fills: list[Fill]
    new: int


def locked(book: Book) -> Book:
    """The book's row, locked: one writer at a time for everything in it."""
    return Book.objects.select_for_update().get(pk=book.pk)


# --- calls -----------------------------------------------------------------------


def book_fills(new: Sequence[NewFill], by: User) -> Booked:
    """Book fills in the person's own books, all or nothing.

    A known external id with the same content returns its fill; with other content
    the call is a Conflict naming each, and nothing is booked. Raises Invalid for an
    unknown book or a fee that eats the whole quantity.
    """
    places: dict[int, list[int]] = defaultdict(list)
    books: dict[int, Book] = {}
    for index, fill in enumerate(new):
        book = writable_book(fill.book, by, _pointer(index, len(new), "book"))
        books[book.pk] = book
        places[book.pk].append(index)
    found: dict[int, Fill] = {}
    fresh = 0
    with transaction.atomic():
        done = []
        for pk in sorted(books):
            book = locked(books[pk])
            entries = Entries(fills=[new[index] for index in places[pk]])
            pointers = [_pointer(index, len(new)) for index in places[pk]]
            recorded = record(book, entries, pointers=pointers)
            found.update(zip(places[pk], recorded.fills, strict=True))
            fresh += recorded.new["fills"]
            done.append((book, recorded))
        for book, recorded in done:
            if recorded.anything:
                _say_booked(book, recorded, by)
    return Booked([found[index] for index in range(len(new))], fresh)


def book_transfers(new: Sequence[NewTransfer], by: User) -> tuple[list[Transfer], int]:
    """Book transfers of one book (that of the first). Returns them and how many are
    new. Raises like book_fills."""
    book = writable_book(new[0].book, by)
    pointers = [_pointer(index, len(new)) for index in range(len(new))]
    with transaction.atomic():
        book = locked(book)
        recorded = record(book, Entries(transfers=new), pointers=pointers)
        if recorded.anything:
            bump(f"book:{book.pk}")
            audit.append(
                "trades.transfer.booked",
                actor=by.actor,
                object=f"book:{book.pk}",
                data={
                    "book": book.name,
                    "transfers": str(recorded.new["transfers"]),
                    "first": recorded.transfers[0].external_id,
                    "asset": recorded.transfers[0].asset,
                    "amount": text(recorded.transfers[0].amount),
                },
            )
    return recorded.transfers, recorded.new["transfers"]


def state_balance(new: NewBalance, by: User) -> BalanceStatement:
    """Record what somebody else says that a book holds."""
    book = writable_book(new.book, by)
    with transaction.atomic():
        book = locked(book)
        now = timezone.now()
        _save_balances_stated(book, [new], None, now)
        bump(f"book:{book.pk}")
        audit.append(
            "trades.balance.stated",
            actor=by.actor,
            object=f"book:{book.pk}",
            data={"asset": new.asset, "amount": text(new.amount)},
        )
    return BalanceStatement.objects.get(
        book=book, asset=new.asset, at=new.at, source=new.source
    )


def set_prices(new: Sequence[NewPrice], by: User) -> int:
    """Store prices; returns how many are new. The same price again changes nothing;
    another price for the same symbol, time and source is a Conflict."""
    with transaction.atomic():
        count = save_prices(new, timezone.now())
        if count:
            audit.append(
                "trades.price.set",
                actor=by.actor,
                object="prices:all",
                data={
                    "prices": str(count),
                    "symbols": sorted({one.symbol for one in new})[:20],
                },
            )
    return count


def record_split(
    instrument: Instrument, at: datetime, numerator: int, denominator: int, by: User
) -> Split:
    """Record a split and match again every book that holds the instrument's facts.

    Raises Conflict when the instrument has another split at that time.
    """
    with transaction.atomic():
        books = Book.objects.filter(fills__instrument=instrument).distinct()
        held = [locked(book) for book in books.order_by("pk")]
        split, new = Split.objects.get_or_create(
            instrument=instrument,
            at=at,
            defaults={
                "numerator": numerator,
                "denominator": denominator,
                "recorded_at": timezone.now(),
            },
        )
        if (split.numerator, split.denominator) != (numerator, denominator):
            raise Conflict(
                f"{instrument} has another split at that time.", code="split"
            )
        if not new:
            return split
        for book in held:
            deltas = Deltas()
            ledger.replay(book, instrument, at, deltas)
            ledger.save_balances(book, deltas)
            bump(f"book:{book.pk}")
        scheduler.request_following("prices")  # a split divides the marks before it
        audit.append(
            "trades.split.recorded",
            actor=by.actor,
            object=f"instrument:{instrument.pk}",
            data={
                "symbol": instrument.symbol,
                "ratio": f"{numerator}:{denominator}",
                "at": at.isoformat(),
                "books": str(len(held)),
            },
        )
    return split


def import_rows(
    book: Book,
    fills: Sequence[NewFill],
    transfers: Sequence[NewTransfer],
    prices: Sequence[NewPrice],
    decisions: Sequence[NewDecision],
    by: User,
) -> Recorded:
    """Record a whole history at once, with one event: the way of the demo data."""
    entries = Entries(fills, transfers, prices, (), decisions)
    with transaction.atomic():
        book = locked(book)
        recorded = record(book, entries)
        if recorded.anything:
            bump(f"book:{book.pk}")
            audit.append(
                "trades.rows.imported",
                actor=by.actor,
                object=group_object(recorded.fills)
                if recorded.fills
                else f"book:{book.pk}",
                data={kind: str(count) for kind, count in recorded.new.items()},
            )
    return recorded


def group_object(fills: Sequence[Fill]) -> str:
    """The audit object of fills booked by one call: `trade:7` or `trades:7-19`."""
    ids = [fill.pk for fill in fills]
    first, last = min(ids), max(ids)
    return f"trade:{first}" if first == last else f"trades:{first}-{last}"


def _say_booked(book: Book, recorded: Recorded, by: User) -> None:
    new = [fill for fill in recorded.fills if fill.recorded_at == recorded.recorded_at]
    bump(f"book:{book.pk}")
    first = new[0]
    audit.append(
        "trades.fill.booked",
        actor=by.actor,
        object=group_object(new),
        data={
            "book": book.name,
            "fills": str(recorded.new["fills"]),
            "external_id": first.external_id,
            "symbol": first.instrument.symbol,
            "side": first.side,
            "quantity": text(first.quantity),
            "price": text(first.price),
        },
    )


def _pointer(index: int, count: int, name: str = "") -> str:
    where = f"/trades/{index}" if count > 1 else ""
    return f"{where}/{name}" if name else where


# --- the steps -----------------------------------------------------------------


def record(
    book: Book,
    entries: Entries,
    *,
    batch: ImportBatch | None = None,
    pointers: Sequence[str] = (),
) -> Recorded:
    """Write facts and what follows from them. The book is locked, the caller's
    transaction open. `pointers` name the entries in errors.

    Raises Conflict and Invalid before anything of it is visible.
    """
    now = timezone.now()
    prices = save_prices(entries.prices, now)
    instruments = _instruments(book, entries)
    decisions = _save_decisions(book, entries.decisions, now)
    known_fills = _known(Fill, book, [one.external_id for one in entries.fills])
    known_moves = _known(Transfer, book, [one.external_id for one in entries.transfers])
    fills = _fills(book, entries.fills, instruments, batch, now, pointers)
    moves = _moves(book, entries.transfers, instruments, batch, now)
    fresh_fills = _fresh(fills, known_fills, _fill_content, pointers)
    fresh_moves = _fresh(moves, known_moves, _move_content, pointers)
    late = _late(book, fresh_fills, fresh_moves)
    Fill.objects.bulk_create(fresh_fills, batch_size=INSERT)
    Transfer.objects.bulk_create(fresh_moves, batch_size=INSERT)
    _save_strategies(fresh_fills, fresh_moves)
    _follow(book, fresh_fills, fresh_moves, late)
    stated = _save_balances_stated(book, entries.balances, batch, now)
    if fresh_fills or fresh_moves:
        scheduler.request_following("book", str(book.pk))
    all_fills = {**known_fills, **{one.external_id: one for one in fresh_fills}}
    all_moves = {**known_moves, **{one.external_id: one for one in fresh_moves}}
    new = {
        "fills": len(fresh_fills),
        "transfers": len(fresh_moves),
        "prices": prices,
        "balances": stated,
        "decisions": decisions,
    }
    return Recorded(
        [all_fills[one.external_id] for one in entries.fills],
        [all_moves[one.external_id] for one in entries.transfers],
        new,
        len(fills) + len(moves) - len(fresh_fills) - len(fresh_moves),
        now,
    )


def _instruments(book: Book, entries: Entries) -> dict[str, Instrument]:
    """{symbol as given: Instrument}; unknown ones are created."""
    base = book.base_currency
    given = {one.symbol for one in entries.fills}
    given |= {one.symbol for one in entries.transfers if one.symbol}
    parts = {symbol: symbol_parts(symbol, base) for symbol in given}
    wanted = {(symbol, quote) for symbol, _, quote in parts.values()}
    found = {
        (row.symbol, row.quote): row
        for row in Instrument.objects.filter(symbol__in={one for one, _ in wanted})
    }
    missing = wanted - set(found)
    if missing:
        rows = {(stored, quote): base_ for stored, base_, quote in parts.values()}
        Instrument.objects.bulk_create(
            (
                Instrument(symbol=symbol, base=rows[symbol, quote], quote=quote)
                for symbol, quote in sorted(missing)
            ),
            ignore_conflicts=True,
        )
        for row in Instrument.objects.filter(symbol__in={one for one, _ in missing}):
            found[row.symbol, row.quote] = row
    return {
        symbol: found[stored, quote] for symbol, (stored, _, quote) in parts.items()
    }


def _known(model: type[Row], book: Book, ids: Sequence[str]) -> dict[str, Row]:
    """Rows of these external ids, in bounded queries."""
    found: dict[str, Row] = {}
    for start in range(0, len(ids), CHUNK):
        rows = model._default_manager.filter(
            book=book, external_id__in=ids[start : start + CHUNK]
        ).select_related("instrument")
        found.update((row.external_id, row) for row in rows)
    return found


def _fresh(
    rows: Sequence[Row],
    known: Mapping[str, Row],
    content: Callable[[Row], tuple[Any, ...]],
    pointers: Sequence[str],
) -> list[Row]:
    """The rows that are new. Raises Conflict where an id has other content."""
    seen = dict(known)
    fresh: list[Row] = []
    clashes: list[FieldError] = []
    for index, row in enumerate(rows):
        old = seen.get(row.external_id)
        if old is None:
            seen[row.external_id] = row
            fresh.append(row)
        elif content(old) != content(row):
            where = pointers[index] if pointers else ""
            clashes.append(
                FieldError(
                    f"{where}/external_id",
                    "other_content",
                    f"{row.external_id} is booked already with other content",
                )
            )
    if clashes:
        raise Conflict(
            f"{clashes[0].detail}; nothing was booked.",
            code="external_id",
            errors=clashes,
        )
    return fresh


def _fill_content(fill: Fill) -> tuple[Any, ...]:
    """What makes a repeat the same fill."""
    return (
        fill.instrument_id,
        fill.side,
        fill.quantity,
        fill.price,
        fill.amount,
        fill.fee,
        fill.fee_currency,
        fill.executed_at,
        fill.order_id,
        fill.order_type,
        fill.liquidity,
        fill.strategy,
        fill.decision_id,
        fill.note,
    )


def _move_content(move: Transfer) -> tuple[Any, ...]:
    return (
        move.kind,
        move.asset,
        move.amount,
        move.cost,
        move.at,
        move.strategy,
        move.note,
    )


def _fills(
    book: Book,
    new: Sequence[NewFill],
    instruments: Mapping[str, Instrument],
    batch: ImportBatch | None,
    now: datetime,
    pointers: Sequence[str],
) -> list[Fill]:
    """Unsaved rows, amounts rounded and fees valued. Raises Invalid."""
    rates = BookRates(book)
    decisions = _decision_ids(book, {one.decision for one in new if one.decision})
    rows: list[Fill] = []
    errors: list[FieldError] = []
    for index, one in enumerate(new):
        where = pointers[index] if pointers else ""
        instrument = instruments[one.symbol]
        errors.extend(_faults(one, instrument, decisions, where))
        rows.append(_fill_row(book, one, instrument, rates, decisions, batch, now))
    if errors:
        words = "; ".join(
            f"{one.pointer.strip('/')} {one.detail}" for one in errors[:3]
        )
        raise Invalid(words, code="invalid", errors=errors)
    return rows


def _faults(
    one: NewFill,
    instrument: Instrument,
    decisions: Mapping[str, int],
    where: str,
) -> Iterable[FieldError]:
    in_base = one.fee_currency == instrument.base != instrument.quote
    if in_base and one.side == Fill.Side.BUY and one.fee >= one.quantity:
        yield FieldError(f"{where}/fee", "range", "eats the whole quantity")
    if one.decision and one.decision not in decisions:
        yield FieldError(
            f"{where}/decision_id", "unknown", "is no decision of this book"
        )


def _fill_row(
    book: Book,
    one: NewFill,
    instrument: Instrument,
    rates: BookRates,
    decisions: Mapping[str, int],
    batch: ImportBatch | None,
    now: datetime,
) -> Fill:
    currency = one.fee_currency or instrument.quote
    return Fill(
        book=book,
        external_id=one.external_id,
        order_id=one.order_id,
        instrument=instrument,
        side=one.side,
        quantity=one.quantity,
        price=one.price,
        amount=one.booked_amount,
        fee=one.fee,
        fee_currency=currency,
        fee_value=_fee_value(one, currency, instrument, rates),
        liquidity=one.liquidity,
        order_type=one.order_type,
        executed_at=one.executed_at,
        sequence=one.sequence,
        strategy=one.strategy,
        decision_id=decisions.get(one.decision),
        note=one.note,
        batch=batch,
        recorded_at=now,
    )


def _fee_value(
    one: NewFill, currency: str, instrument: Instrument, rates: BookRates
) -> Decimal | None:
    """The fee in the quote currency, rounded once; None where no rate is known."""
    if not one.fee or currency == instrument.quote:
        return one.fee
    if currency == instrument.base:
        return rounded(one.fee * one.price)
    rate = rates.at(currency, instrument.quote, one.executed_at)
    if rate is None:
        return None
    try:
        return exact(rounded(one.fee * rate))
    except (NotExact, ArithmeticError):
        return None


def _decision_ids(book: Book, wanted: set[str]) -> dict[str, int]:
    """{external id or id as given: id} of this book's decisions."""
    found: dict[str, int] = {}
    names = sorted(wanted)
    for start in range(0, len(names), CHUNK):
        part = names[start : start + CHUNK]
        numbers = [int(one) for one in part if one.isdecimal() and len(one) < 19]
        rows = Decision.objects.filter(book=book)
        found.update(
            (str(pk), pk)
            for pk in rows.filter(pk__in=numbers).values_list("pk", flat=True)
        )
        found.update(rows.filter(external_id__in=part).values_list("external_id", "pk"))
    return found


def _moves(
    book: Book,
    new: Sequence[NewTransfer],
    instruments: Mapping[str, Instrument],
    batch: ImportBatch | None,
    now: datetime,
) -> list[Transfer]:
    implied = _implied(book, [one for one in new if not one.symbol])
    return [
        Transfer(
            book=book,
            external_id=one.external_id,
            kind=one.kind,
            asset=one.asset,
            amount=one.amount,
            cost=one.cost,
            instrument=instruments[one.symbol]
            if one.symbol
            else implied.get(one.asset),
            strategy=one.strategy,
            at=one.at,
            sequence=one.sequence,
            note=one.note,
            batch=batch,
            recorded_at=now,
        )
        for one in new
    ]


def _implied(book: Book, moves: Sequence[NewTransfer]) -> dict[str, Instrument]:
    """{asset: the instrument that moves} for transfers that name no symbol: an asset
    that trades against the book's base currency is that instrument, any other cash."""
    assets = {one.asset for one in moves} - {book.base_currency}
    if not assets:
        return {}
    return {
        row.base: row
        for row in Instrument.objects.filter(
            base__in=assets, quote=book.base_currency
        ).order_by("-symbol")
    }


def _save_strategies(fills: Iterable[Fill], moves: Iterable[Transfer]) -> None:
    names = {one.strategy for one in fills} | {one.strategy for one in moves}
    names.discard("")
    if names:
        Strategy.objects.bulk_create(
            (Strategy(name=name) for name in sorted(names)), ignore_conflicts=True
        )


def _save_decisions(book: Book, new: Sequence[NewDecision], now: datetime) -> int:
    before = Decision.objects.filter(book=book).count() if new else 0
    rows = [
        Decision(
            book=book,
            external_id=one.external_id,
            model=one.model,
            model_version=one.model_version,
            strategy=one.strategy,
            symbol=one.symbol,
            direction=one.direction,
            confidence=one.confidence,
            price_target=one.price_target,
            horizon=one.horizon,
            features=dict(one.features),
            inputs_digest=one.inputs_digest,
            reasoning=one.reasoning,
            risk_checks=[dict(check) for check in one.risk_checks],
            decided_at=one.decided_at,
            recorded_at=now,
        )
        for one in new
    ]
    Decision.objects.bulk_create(rows, ignore_conflicts=True, batch_size=INSERT)
    return Decision.objects.filter(book=book).count() - before if new else 0


def _save_balances_stated(
    book: Book, new: Sequence[NewBalance], batch: ImportBatch | None, now: datetime
) -> int:
    """Store statements; returns how many are new. Raises Conflict where the same
    source states another amount for the same time."""
    keys = {(one.asset, one.at, one.source): one for one in new}
    if not keys:
        return 0
    known = BalanceStatement.objects.filter(book=book, at__in={one.at for one in new})
    for row in known:
        one = keys.pop((row.asset, row.at, row.source), None)
        if one is not None and one.amount != row.amount:
            raise Conflict(
                f"{row.asset} at that time is stated already as {text(row.amount)}.",
                code="balance",
                errors=[FieldError("/amount", "other_content", "differs")],
            )
    BalanceStatement.objects.bulk_create(
        BalanceStatement(
            book=book,
            asset=one.asset,
            amount=one.amount,
            at=one.at,
            source=one.source,
            batch=batch,
            recorded_at=now,
        )
        for one in keys.values()
    )
    return len(keys)


def save_prices(new: Sequence[NewPrice], now: datetime) -> int:
    """Insert the prices that are not there; see set_prices."""
    wanted = {(one.symbol, one.at, one.source): one for one in new}
    rows = list(wanted.values())
    count = 0
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        known = {
            (row.symbol, row.at, row.source): row.price
            for row in Price.objects.filter(
                symbol__in={one.symbol for one in part}, at__in={one.at for one in part}
            )
        }
        fresh = []
        for one in part:
            old = known.get((one.symbol, one.at, one.source))
            if old is None:
                fresh.append(
                    Price(
                        symbol=one.symbol,
                        at=one.at,
                        price=one.price,
                        source=one.source,
                        recorded_at=now,
                    )
                )
            elif old != one.price:
                raise Conflict(
                    f"{one.symbol} at {one.at:%Y-%m-%d %H:%M} has another price "
                    f"from {one.source}: {text(old)}.",
                    code="price",
                    errors=[FieldError("/prices", "other_content", one.symbol)],
                )
        Price.objects.bulk_create(fresh, batch_size=INSERT)
        count += len(fresh)
    if count:
        bump("prices")
        scheduler.request_following("prices")
    return count


# --- what follows ------------------------------------------------------------------


@dataclass
class _News:
    """The new facts of one instrument."""

    instrument: Instrument
    fills: list[Fill] = field(default_factory=list)
    moves: list[Transfer] = field(default_factory=list)

    @property
    def first(self) -> Key:
        keys = [ledger.fill_key(one) for one in self.fills]
        return min(keys + [ledger.transfer_key(one) for one in self.moves])


def _by_pair(fills: Sequence[Fill], moves: Sequence[Transfer]) -> dict[int, _News]:
    news: dict[int, _News] = {}
    for fill in fills:
        news.setdefault(fill.instrument_id, _News(fill.instrument)).fills.append(fill)
    for move in moves:
        if move.instrument is not None:
            found = news.setdefault(move.instrument.pk, _News(move.instrument))
            found.moves.append(move)
    return news


def _late(
    book: Book, fills: Sequence[Fill], moves: Sequence[Transfer]
) -> dict[int, datetime]:
    """The pairs in which a new fact is not the newest, and since when. Asked before
    the facts are written."""
    late = {}
    for pk, news in _by_pair(fills, moves).items():
        last = ledger.last_key(book, news.instrument)
        if last is not None and news.first < last:
            late[pk] = news.first[0]
    return late


def _follow(
    book: Book,
    fills: Sequence[Fill],
    moves: Sequence[Transfer],
    late: Mapping[int, datetime],
) -> None:
    """Match the new facts and move balances and positions on."""
    deltas = Deltas()
    for pk, news in sorted(_by_pair(fills, moves).items()):
        if pk in late:
            ledger.replay(book, news.instrument, late[pk], deltas)
        else:
            facts = ledger.facts_of(news.instrument, news.fills, news.moves)
            ledger.extend(book, news.instrument, facts, deltas)
    for fill in fills:
        deltas.fill(fill, fill.instrument)
    for move in moves:
        deltas.transfer(move)
    ledger.save_balances(book, deltas)
