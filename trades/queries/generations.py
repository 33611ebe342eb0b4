"""Which rows of a book's pairs count, and which pairs wait to be matched again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from trades.models import Book, Generation, Instrument


class Generations:
    """The generations of a book's pairs. One query."""

    def __init__(self, book: Book) -> None:
        rows = Generation.objects.filter(book=book)
        self._by_pair = {row.instrument_id: row for row in rows}

    def current(self, instrument: Instrument) -> int:
        """Whose rows count."""
        row = self._by_pair.get(instrument.pk)
        return row.current if row else 1

    def waiting(self, instruments: Iterable[Instrument]) -> set[Instrument]:
        """Which of these wait for the job."""
        return {
            instrument
            for instrument in instruments
            if (row := self._by_pair.get(instrument.pk)) and row.waits
        }


def market_times(book: Book) -> dict[int, datetime]:
    """As of when pairs read splits and worths, while they wait for what was recorded
    since, by instrument; the others read all of them. One query."""
    rows = Generation.objects.filter(book=book, market_at__isnull=False)
    return {pk: at for pk, at in rows.values_list("instrument", "market_at") if at}


def market_at(book: Book, instrument: Instrument) -> datetime | None:
    """`market_times` of one pair. One query."""
    return market_times(book).get(instrument.pk)
