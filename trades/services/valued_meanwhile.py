"""Fees of a pair that were valued while it waited: they join their fills and sums when
its new generation counts."""

from __future__ import annotations

from django.db.models import OuterRef, Q, Subquery

from trades.models import Book, Fill, Instrument, Valuation
from trades.queries.facts import ROWS
from trades.queries.generations import market_at
from trades.queries.worth import fee_values
from trades.services.cash import BalanceChanges


def add_values(book: Book, instrument: Instrument, changes: BalanceChanges) -> None:
    """Of the fills that count already, what their fees change of the balances."""
    fills = Fill.objects.standing().filter(_valued(book, instrument), becomes="")
    if fills.exists():
        values = fee_values(book, [instrument.pk])
        for fill in fills.select_related("instrument").iterator(ROWS):
            changes.revalued(fill, values[fill.pk])


def take_values(book: Book, instrument: Instrument) -> None:
    """Write all of them into their fills, in one statement, before the pair reads the
    market as it is again."""
    newest = Valuation.objects.filter(fill=OuterRef("pk"), currency=instrument.quote)
    Fill.objects.filter(_valued(book, instrument)).update(
        fee_value=Subquery(newest.order_by("-id").values("value")[:1])
    )


def _valued(book: Book, instrument: Instrument) -> Q:
    """The pair's fills whose fee was valued since it waits with worths as known before
    (`Generation.market_at`). One query; none where it does not wait."""
    at = market_at(book, instrument)
    if at is None:
        return Q(pk__in=())
    fees = Valuation.objects.filter(
        book=book, fill__instrument=instrument, currency=instrument.quote
    )
    return Q(
        instrument=instrument, pk__in=fees.filter(recorded_at__gt=at).values("fill")
    )
