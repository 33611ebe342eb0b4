"""Load the demo desk into books of its own, marked as demo."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rrr_dashboard.demo.market import INSTRUMENTS
from rrr_dashboard.demo.trading import DemoBook, history
from trades.domain.facts import NewPrice
from trades.queries.books import book_exists
from trades.services.books import NewBook, create_book
from trades.services.describing import describe_instrument
from trades.services.recording import record_history


def load(today: date, by: User) -> list[int]:
    """Book the two years that end on `today` (now, when that is the current day);
    returns the ids of the books made.

    Owners are the demo people `trader` and `trader2`, who must exist. Books that
    are there already are left alone. About 10 s.
    """
    until = datetime.combine(today + timedelta(days=1), time(), UTC)
    books, prices = history(min(until - timedelta(seconds=1), timezone.now()))
    with transaction.atomic():
        made = [
            _load(book, prices, by)
            for book in books
            if not book_exists(book.account.name)
        ]
        _describe()
    return made


def _load(demo: DemoBook, prices: list[NewPrice], by: User) -> int:
    owner = User.objects.get(username=demo.account.owner)
    new = NewBook(
        name=demo.account.name, base_currency="USD", allow_short=True, demo=True
    )
    book = create_book(new, owner, by)
    record_history(book, demo.fills, demo.transfers, prices, demo.decisions, by)
    return book.pk


def _describe() -> None:
    """Steps, ticks and classes of the instruments."""
    for instrument in INSTRUMENTS:
        describe_instrument(
            instrument.symbol,
            "USD",
            step=instrument.step,
            tick=Decimal("0.01"),
            asset_class=instrument.asset_class,
        )
