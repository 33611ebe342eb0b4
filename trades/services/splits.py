"""Splits: an instrument's units become more or fewer, in every book that holds it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict
from operations.services import scheduler
from trades.models import Book, Instrument, Split
from trades.services.books import locked
from trades.services.rematching import settle


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
            settle(book, pairs={instrument: at})
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
