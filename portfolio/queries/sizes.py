"""How much a request may walk: longer histories are told from stored days."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Min, Q

from portfolio.domain.returns import day_of
from trades.domain.rates import pair_symbols
from trades.models import Fill, Transfer
from trades.queries.known import KnownBook
from trades.queries.known_sizes import too_many
from trades.queries.marks import prices_for

MOST_WALKED = 100_000
MOST_PRICES = 100_000
MOST_VALUES = 200_000  # a day's worth of one holding or currency: about two seconds


def facts_within(book_ids: Collection[int], most: int) -> int:
    """The fills and transfers of these books; counting ends at `most` + 1. Two
    queries at most."""
    fills = Fill.objects.filter(book__in=book_ids).order_by()[: most + 1].count()
    if fills > most:
        return fills
    mine = Q(book__in=book_ids) | Q(to_book__in=book_ids)
    transfers = Transfer.objects.filter(mine).order_by()
    return fills + transfers[: most - fills + 1].count()


def may_be_walked(book_ids: Collection[int]) -> bool:
    return facts_within(book_ids, MOST_WALKED) <= MOST_WALKED


def check_walks(books: Sequence[KnownBook]) -> None:
    """Raises Invalid where the books, as known at a time, have too many prices to read
    or too many days and holdings to value. Four queries a book."""
    prices, values = MOST_PRICES, MOST_VALUES
    for known in books:
        fills = Fill.objects.standing(known.known_at).filter(book=known.book).order_by()
        held = set(fills.values_list("instrument__symbol", "strategy").distinct())
        paid = set(fills.values_list("fee_currency", flat=True).distinct())
        quotes = {instrument.quote for instrument in known.pairs}
        currencies = quotes | paid | {move.asset for move in known.transfers}
        values -= _days(known) * (len(held | _moved(known)) + len(currencies))
        if values < 0:
            raise too_many(
                f"These books have more than {MOST_VALUES:,} days times holdings"
            )
        rows = prices_for(known.book, _priced(known, currencies), known.known_at)
        prices -= rows.order_by()[: prices + 1].count()
        if prices < 0:
            raise too_many(
                f"These books are marked by more than {MOST_PRICES:,} prices"
            )


def _moved(known: KnownBook) -> set[tuple[str, str]]:
    return {
        (move.instrument.symbol if move.instrument else move.asset, move.strategy)
        for move in known.transfers
    }


def _priced(known: KnownBook, currencies: Collection[str]) -> set[str]:
    """The symbols and pairs of currencies whose prices may bear on the book."""
    bases = {known.book.base_currency, *(pair.quote for pair in known.pairs)}
    pairs = {
        symbol
        for currency in currencies
        for base in bases - {currency}
        for symbol in pair_symbols(currency, base)
    }
    return pairs | {pair.symbol for pair in known.pairs}


def _days(known: KnownBook) -> int:
    """From its first fact to the time of which it is told, as its zone counts them."""
    fills = Fill.objects.standing(known.known_at).filter(book=known.book)
    times = [fills.aggregate(first=Min("executed_at"))["first"]]
    times += [move.at for move in known.transfers[:1]]
    first = min((at for at in times if at is not None), default=known.known_at)
    zone = known.book.zone
    return (day_of(known.known_at, zone) - day_of(first, zone)).days + 1
