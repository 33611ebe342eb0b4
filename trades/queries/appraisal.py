"""What facts were worth at their time, read from the marks that the book sees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kernel.numbers import NotExact, exact, rounded
from trades.domain.marks import Marks
from trades.domain.rates import Mark, Rate, rate_symbols
from trades.models import Book, Fill, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.queries.marks import mark_history, marks_between


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a fact was worth in a currency, and the marks that say so."""

    fact: Fill | Transfer
    currency: str
    value: Decimal
    marks: tuple[Mark, ...]


def is_valued(transfer: Transfer, moved: Instrument | None) -> bool:
    """Whether a transfer has a worth: coins that come in or go out, and income in
    kind. A fee or tax in kind only loses what its lots cost."""
    return moved is not None and (transfer.external or transfer.amount > 0)


def appraise(
    book: Book,
    fills: Sequence[Fill],
    transfers: Sequence[Transfer],
    assets: BookAssets,
) -> list[Estimate]:
    """What the foreign fees of stored fills and stored transfers in kind were worth;
    what nobody knows is left out.

    A fee is worth what the rate of its time says: in the quote of the lots that paid
    it, if lots did, and from there in the fill's quote. A transfer is worth the mark
    of its time, without one the first after it. Three queries where there is anything
    to value, six where something was priced only later.
    """
    foreign = [fill for fill in fills if fill.fee_is_foreign]
    moved = [
        (transfer, instrument)
        for transfer in transfers
        if (instrument := assets.of_transfer(transfer)) is not None
        and is_valued(transfer, instrument)
    ]
    times = [fill.executed_at for fill in foreign]
    times += [transfer.at for transfer, _ in moved]
    if not times:
        return []
    symbols = _fee_symbols(book, foreign, assets)
    symbols |= {instrument.symbol for _, instrument in moved}
    marks = marks_between(book, symbols, min(times), max(times))
    estimates = [estimate for fill in foreign for estimate in _fee(fill, assets, marks)]
    return estimates + _transfers(book, moved, marks)


def _fee_symbols(book: Book, fills: Iterable[Fill], assets: BookAssets) -> set[str]:
    symbols: set[str] = set()
    for fill in fills:
        lots, quote = assets.of_fee(fill), fill.instrument.quote
        paid_in = lots.quote if lots else quote
        symbols |= rate_symbols(fill.fee_currency, paid_in, book.base_currency)
        symbols |= rate_symbols(paid_in, quote, book.base_currency)
        symbols |= {lots.symbol} if lots else set()
    return symbols


def _fee(fill: Fill, assets: BookAssets, marks: Marks) -> list[Estimate]:
    lots, quote, at = assets.of_fee(fill), fill.instrument.quote, fill.executed_at
    if lots is None:
        return _estimates(
            fill, quote, fill.fee, marks.exchange(fill.fee_currency, quote, at)
        )
    paid = _estimates(fill, lots.quote, fill.fee, _unit(lots, fill, marks))
    if not paid or lots.quote == quote:
        return paid
    rate = marks.exchange(lots.quote, quote, at)
    return paid + _estimates(fill, quote, paid[0].value, rate)


def _unit(lots: Instrument, fill: Fill, marks: Marks) -> Rate | None:
    """What one unit of these lots was worth: a pair's rate, else the mark of a plain
    symbol."""
    if "-" in lots.symbol:
        return marks.exchange(lots.base, lots.quote, fill.executed_at)
    mark = marks.mark(lots.symbol, fill.executed_at)
    return Rate(value=mark.price, marks=(mark,)) if mark else None


def _transfers(
    book: Book, moved: Sequence[tuple[Transfer, Instrument]], marks: Marks
) -> list[Estimate]:
    estimates: list[Estimate] = []
    later: Marks | None = None
    for transfer, instrument in moved:
        mark = marks.mark(instrument.symbol, transfer.at)
        if mark is None:
            symbols = {instrument.symbol for _, instrument in moved}
            later = later or mark_history(book, symbols)
            mark = later.first_after(instrument.symbol, transfer.at)
        if mark is not None:
            rate = Rate(value=mark.price, marks=(mark,))
            quantity = abs(transfer.amount)
            estimates += _estimates(transfer, instrument.quote, quantity, rate)
    return estimates


def _estimates(
    fact: Fill | Transfer, currency: str, amount: Decimal, rate: Rate | None
) -> list[Estimate]:
    """One, or none where there is no rate or the value is larger than the ledger
    holds."""
    if rate is None:
        return []
    try:
        value = exact(rounded(amount * rate.value))
    except (NotExact, ArithmeticError):
        return []
    return [Estimate(fact=fact, currency=currency, value=value, marks=rate.marks)]
