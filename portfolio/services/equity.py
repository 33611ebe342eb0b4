"""Keep the stored daily curves equal to what the ledger says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from kernel.cache import bump
from kernel.numbers import rounded
from portfolio.domain.returns import day_of
from portfolio.models import EquityCurve, EquityPoint, EquityState
from portfolio.queries.books import every_book
from portfolio.queries.curves import LedgerState, ledger_states
from portfolio.queries.history import History, history, history_behind
from portfolio.queries.points import walked_days
from portfolio.queries.resuming import KeptDays, days_to_keep, newest_that_fits
from trades.queries.versions import LEDGER

FIELDS = (
    "equity",
    "cash",
    "gross",
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


def rebuild(book_id: int, now: datetime, *, afresh: bool = False) -> int:
    """Recompute a book's curve through today; how many points changed.

    The walk begins behind the last day before which nothing changed, as far as states
    are kept (`afresh`: at the book's first day). It holds no lock; unchanged points
    are not written. What is booked meanwhile leaves the curve out of date, and its own
    run follows. A run that began later has the last word.
    """
    state = ledger_states([book_id])[book_id]
    book = state.book
    unread = afresh or state.curve is None or not state.curve.facts
    kept, past = _read(state, now, None if unread else newest_that_fits(book))
    walked = walked_days(past, now, kept.read)
    with transaction.atomic():
        curve, _ = EquityCurve.objects.select_for_update().get_or_create(
            book_id=book_id
        )
        if curve.computed_at is not None and curve.computed_at > now:
            return 0
        changed = _store(book_id, walked.points, past.behind)
        _keep(walked.states, kept, past)
        curve.facts, curve.market = state.facts, dict(state.market)
        curve.symbols = sorted(past.symbols)
        curve.through = day_of(now, book.zone)
        curve.funded = rounded(walked.funded)
        curve.computed_at = now
        curve.save()
        bump(LEDGER, f"equity:{book_id}")
    return changed


def _read(
    ledger: LedgerState, now: datetime, behind: EquityState | None
) -> tuple[KeptDays, History]:
    """What came after that state, all without or where that bears on what was before;
    with the days to keep."""
    book = ledger.book
    if behind is not None:
        kept = days_to_keep(book, now, behind)
        past = history_behind(book, behind)
        if past is not None:
            return kept, past
    return days_to_keep(book, now, None), history(book)


def _store(
    book_id: int, points: Sequence[EquityPoint], behind: EquityState | None
) -> int:
    rows = EquityPoint.objects.filter(book_id=book_id)
    if behind is not None:
        rows = rows.filter(day__gt=behind.day)
    stored = {point.day: point for point in rows}
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


def _keep(states: Sequence[EquityState], kept: KeptDays, past: History) -> None:
    """In the place of those behind which the walk did not begin, and of days that are
    not kept any more."""
    old = EquityState.objects.filter(book=past.book)
    if past.behind is not None:
        old = old.exclude(day__lte=past.behind.day, day__in=kept.days)
    old.delete()
    if past.symbols != kept.symbols:  # these came while it was read
        return
    for state in states:
        state.read = kept.read[state.day]
    EquityState.objects.bulk_create(states)
