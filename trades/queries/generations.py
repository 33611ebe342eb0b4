"""Which rows of a book's pairs count, and which pairs wait to be matched again."""

from __future__ import annotations

from collections.abc import Iterable

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
