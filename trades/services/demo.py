"""Load the demo desk into books of its own, marked as demo."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from trades.domain.demo import DemoBook, Desk, desk
from trades.models import Book, Instrument, Strategy
from trades.services.books import NewBook, create_book
from trades.services.recording import record_history


def load(today: date, by: User) -> list[Book]:
    """Book the two years that end on `today` (now, when that is the current day).

    Owners are the demo people `trader` and `trader2`, who must exist. Books that
    are there already are left alone. About 10 s.
    """
    until = datetime.combine(today + timedelta(days=1), time(), UTC)
    found = desk(min(until - timedelta(seconds=1), timezone.now()))
    with transaction.atomic():
        books = [_load(demo, found, by) for demo in found.books]
        _describe(found)
    return [book for book in books if book is not None]


def _load(demo: DemoBook, found: Desk, by: User) -> Book | None:
    account = demo.account
    if Book.objects.filter(name=account.name).exists():
        return None
    owner = User.objects.get(username=account.owner)
    new = NewBook(account.name, "USD", allow_short=True, demo=True)
    book = create_book(new, owner, by)
    record_history(book, demo.fills, demo.transfers, found.prices, demo.decisions, by)
    return book


def _describe(found: Desk) -> None:
    """Steps, ticks and classes of the instruments, and what the strategies do."""
    for traded in found.instruments:
        Instrument.objects.filter(symbol=traded.symbol, quote="USD").update(
            step=traded.step, tick=Decimal("0.01"), asset_class=traded.asset_class
        )
    for name, model in found.models.items():
        Strategy.objects.filter(name=name).update(title=model.title)
