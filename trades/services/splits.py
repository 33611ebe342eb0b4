"""Splits: an instrument's units become more or fewer in every book that they count
for."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict, FieldError
from operations.services import scheduler
from trades.domain.facts import NewSplit
from trades.models import Book, Instrument, MarketScope, Split
from trades.services.books import locked
from trades.services.market import check_scopes
from trades.services.rematching import settle


def record_split(new: NewSplit, by: User) -> tuple[Split, bool]:
    """Record a split, match again what it touches; returns it and whether it is new.

    Raises Conflict when there is another split of that symbol and time, Forbidden
    for the desk's without the permission.
    """
    check_scopes([new.scope], by)
    with transaction.atomic():
        books = [locked(book) for book in books_split(new.symbol, new.scope, by)]
        mine = Q(scope=MarketScope.DESK) | Q(author=by)
        known = Split.objects.standing().filter(
            mine, scope=new.scope, symbol=new.symbol, at=new.at
        )
        old = known.first()
        if old is not None:
            if (old.numerator, old.denominator) != (new.numerator, new.denominator):
                raise Conflict(
                    f"{old.symbol} has another split at that time: {old.numerator} for "
                    f"{old.denominator}. Correct that one.",
                    code="split",
                    errors=[FieldError("/numerator", "other_content", "differs")],
                )
            return old, False
        split = Split.objects.create(
            symbol=new.symbol,
            at=new.at,
            numerator=new.numerator,
            denominator=new.denominator,
            scope=new.scope,
            author=by,
            recorded_at=timezone.now(),
        )
        rematch(books, new.symbol, new.at)
        audit.append(
            "trades.split.recorded",
            actor=by.actor,
            object=f"split:{split.pk}",
            data={
                "symbol": split.symbol,
                "ratio": f"{split.numerator}:{split.denominator}",
                "at": split.at.isoformat(),
                "scope": split.scope,
                "books": str(len(books)),
            },
        )
    return split, True


def books_split(symbol: str, scope: str, author: User) -> QuerySet[Book]:
    """The books with facts of a symbol for which a split of this scope counts, in
    the order in which they are locked."""
    traded = Q(fills__instrument__symbol=symbol)
    moved = Q(transfers__instrument__symbol=symbol)
    books = Book.objects.filter(
        pk__in=Book.objects.filter(traded | moved).order_by().values("pk")
    )
    if scope == MarketScope.OWN:
        books = books.filter(owner=author)
    return books.order_by("pk")


def rematch(books: list[Book], symbol: str, since: datetime) -> None:
    """Match a symbol's facts again in these locked books, from a time on."""
    instruments = list(Instrument.objects.filter(symbol=symbol))
    for book in books:
        settle(book, pairs=dict.fromkeys(instruments, since))
    scheduler.request_following("prices")  # a split divides the marks before it
