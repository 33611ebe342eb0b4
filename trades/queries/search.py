"""What the palette asks of trading: by indexes only, for it asks at every letter."""

from __future__ import annotations

from django.db.models import QuerySet

from trades.models import Book, Decision, Position
from trades.queries.books import Reader, readable_books
from trades.queries.listed import ListedTrade
from trades.queries.trades import TradeFilter, trade_page
from trades.queries.words import decisions_named


def trades_called(user: Reader, text: str, most: int) -> list[ListedTrade]:
    """Those that came with this id, and what was corrected of them since."""
    page = trade_page(user, TradeFilter(external_id=text), limit=most)
    return page.trades


def decisions_called(user: Reader, text: str, most: int) -> list[Decision]:
    """Of the books that the person may read."""
    rows = decisions_named(text).filter(book__in=_books(user))
    return list(rows.select_related("book").order_by("pk")[:most])


def positions_of(user: Reader, text: str, most: int) -> list[Position]:
    """Open positions whose symbol begins so."""
    rows = Position.objects.filter(
        book__in=_books(user), instrument__symbol__istartswith=text.replace("/", "-")
    )
    rows = rows.select_related("book", "instrument")
    return list(rows.order_by("instrument__symbol", "book__name", "strategy")[:most])


def _books(user: Reader) -> QuerySet[Book]:
    return readable_books(user).order_by()
