"""Where a book's walk can begin again: behind the newest of its kept days up to which
the database holds what the walk had read."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min, Q

from portfolio.domain.returns import ONE_DAY, day_end, day_of
from portfolio.models import EquityState
from portfolio.queries.history import Named
from portfolio.queries.read_before import read_before
from trades.models import Book, Fill, Transfer

DAYS = 7
MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class KeptDays:
    """The days at whose end the walk's state is kept; `read` says of those that are to
    be walked what there was to read up to then, of `symbols` among the rest."""

    days: frozenset[date]
    read: Mapping[date, str]
    symbols: frozenset[str]


def newest_that_fits(book: Book) -> EquityState | None:
    """The newest kept day before which nothing changed. Ten queries for each look, of
    which there are as many as it takes to halve DAYS and MONTHS down to one."""
    states = list(EquityState.objects.filter(book=book).order_by("day").defer("walk"))
    changed = bisect_left(states, True, key=lambda state: not _fits(book, state))
    return states[changed - 1] if changed else None


def _fits(book: Book, state: EquityState) -> bool:
    end = day_end(state.day, book.zone)
    return read_before(book, end, state.symbols) == state.read


def days_to_keep(book: Book, now: datetime, behind: EquityState | None) -> KeptDays:
    """Of the days of a book that are over: the last DAYS, and the last of each of
    MONTHS before. Asked before the history is read, so that a state of which something
    changed meanwhile never fits."""
    days = _days(book, day_of(now, book.zone))
    symbols = Named.in_all(book).symbols
    return KeptDays(
        days=frozenset(days),
        read={
            day: read_before(book, day_end(day, book.zone), symbols)
            for day in days
            if behind is None or day > behind.day
        },
        symbols=symbols,
    )


def _days(book: Book, today: date) -> list[date]:
    first = _first_day(book)
    if first is None:
        return []
    days = [today - ONE_DAY * back for back in range(1, DAYS + 1)]
    end = today.replace(day=1) - ONE_DAY
    for _ in range(MONTHS):
        days.append(end)
        end = end.replace(day=1) - ONE_DAY
    return sorted({day for day in days if day >= first})


def _first_day(book: Book) -> date | None:
    fills = Fill.objects.filter(book=book).aggregate(at=Min("executed_at"))
    sides = Q(book=book) | Q(to_book=book)
    moves = Transfer.objects.filter(sides).aggregate(at=Min("at"))
    times = [row["at"] for row in (fills, moves) if row["at"] is not None]
    return day_of(min(times), book.zone) if times else None
