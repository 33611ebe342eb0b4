"""Keep the stored daily curves equal to what the ledger says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from kernel.cache import bump
from kernel.numbers import rounded
from portfolio.domain.returns import day_of
from portfolio.models import EquityCurve, EquityPoint
from portfolio.queries.books import every_book
from portfolio.queries.curves import ledger_states
from portfolio.queries.history import history
from portfolio.queries.points import points_of

FIELDS = (
    "equity",
    "cash",
    "inflow",
    "outflow",
    "base",
    "pnl",
    "slices",
    "between",
    "unvalued",
    "fills",
    "transfers",
    "prices",
    "digest",
)


def catch_up(now: datetime) -> tuple[int, int]:
    """Every book whose curve is out of date: how many were recomputed, and how many
    points changed. The others have seen what came of symbols that they do not hold."""
    books = points = 0
    for book_id, state in ledger_states([book.pk for book in every_book()]).items():
        if not state.is_current(now):
            points += rebuild(book_id, now)
            books += 1
        elif state.curve is not None and state.curve.market != state.market:
            mine = EquityCurve.objects.filter(pk=state.curve.pk, facts=state.facts)
            mine.update(market=state.market)
    return books, points


def rebuild(book_id: int, now: datetime) -> int:
    """Recompute a book's curve through today; how many points changed.

    The walk holds no lock; unchanged points are not written. What is booked meanwhile
    leaves the curve out of date, and its own run follows. A run that began later has
    the last word.
    """
    state = ledger_states([book_id])[book_id]
    past = history(state.book)
    points, funded = points_of(past, now)
    with transaction.atomic():
        curve, _ = EquityCurve.objects.select_for_update().get_or_create(
            book_id=book_id
        )
        if curve.computed_at is not None and curve.computed_at > now:
            return 0
        changed = _store(book_id, points)
        curve.facts, curve.market = state.facts, dict(state.market)
        curve.symbols = sorted(past.symbols)
        curve.through = day_of(now, state.book.zone)
        curve.funded = rounded(funded)
        curve.computed_at = now
        curve.save()
        if changed:
            bump(f"equity:{book_id}")
    return changed


def _store(book_id: int, points: Sequence[EquityPoint]) -> int:
    stored = {point.day: point for point in EquityPoint.objects.filter(book_id=book_id)}
    new = [point for point in points if point.day not in stored]
    changed = []
    for point in points:
        old = stored.pop(point.day, None)
        if old is not None and _differs(old, point):
            point.pk = old.pk
            changed.append(point)
    EquityPoint.objects.bulk_create(new, batch_size=500)
    EquityPoint.objects.bulk_update(changed, FIELDS, batch_size=100)
    gone = [point.pk for point in stored.values()]
    EquityPoint.objects.filter(pk__in=gone).delete()
    return len(new) + len(changed) + len(gone)


def _differs(old: EquityPoint, new: EquityPoint) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in FIELDS)
