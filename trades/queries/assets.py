"""What assets are in a book, from the facts that count (trades.domain.assets)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef

from trades.domain.assets import moved_instrument
from trades.models import Book, Fill, Instrument, Settled, Transfer


class BookAssets:
    """Cash or lots: what the assets of one book are now, as known at a time, or once
    what waits has settled.

    An asset that is asked for costs one query unless it was loaded.
    """

    def __init__(
        self,
        book: Book,
        known_at: datetime | None = None,
        settled: Settled | None = None,
    ) -> None:
        self._book = book
        self._known_at = known_at
        self._settled = settled
        self._traded: dict[str, dict[int, Instrument]] = {}

    def load(self, assets: Iterable[str]) -> BookAssets:
        """Look these up at once; returns itself."""
        names = set(assets) - set(self._traded) - {self._book.base_currency}
        if names:
            self._traded |= {name: {} for name in names}
            for instrument in traded_instruments(
                self._book, names, self._known_at, self._settled
            ):
                self._traded[instrument.base][instrument.pk] = instrument
        return self

    def says_as(self, other: BookAssets) -> bool:
        """Whether the other says the same of every asset that was asked for here."""
        other.load(self._traded)
        return all(self.moved(asset) == other.moved(asset) for asset in self._traded)

    def trading(self, instruments: Iterable[Instrument]) -> BookAssets:
        """What they are once the book trades these too."""
        more = {instrument.pk: instrument for instrument in instruments}
        self.load({instrument.base for instrument in more.values()})
        after = BookAssets(self._book, self._known_at, self._settled)
        after._traded = {base: dict(known) for base, known in self._traded.items()}
        for pk, instrument in more.items():
            if instrument.base in after._traded:
                after._traded[instrument.base][pk] = instrument
        return after

    def moved(self, asset: str, named: Instrument | None = None) -> Instrument | None:
        """The instrument whose lots the asset moves; None where it is cash."""
        if asset == self._book.base_currency:
            return None
        if named is not None and named.base == asset:
            return named
        self.load([asset])
        return moved_instrument(
            asset, self._book.base_currency, self._traded[asset].values()
        )

    def of_transfer(self, transfer: Transfer) -> Instrument | None:
        """The instrument that a transfer moves. It is loaded, where it is named."""
        return self.moved(transfer.asset, transfer.instrument)

    def of_fee(self, fill: Fill) -> Instrument | None:
        """The instrument whose lots a fill's foreign fee consumes; None where the fee
        is cash, or in the fill's own quote or base. Its instrument is loaded."""
        if fill.fee_currency == self._book.base_currency or not fill.fee_is_foreign:
            return None
        return self.moved(fill.fee_currency)


def traded_instruments(
    book: Book,
    bases: Iterable[str],
    known_at: datetime | None = None,
    settled: Settled | None = None,
) -> Iterable[Instrument]:
    """The instruments of these bases that the book trades, or holds because lots of
    them came from an own book."""
    fills = Fill.objects.standing(known_at, settled)
    mine = fills.filter(book=book, instrument=OuterRef("pk"))
    transfers = Transfer.objects.standing(known_at, settled)
    came = transfers.filter(to_book=book, instrument=OuterRef("pk"))
    instruments = Instrument.objects.filter(base__in=set(bases))
    return instruments.filter(Exists(mine) | Exists(came))


def named_or_moved(books: Iterable[Book], asset: str, symbol: str) -> str:
    """The symbol of what a transfer of this asset moves in these books, as far as it
    is known: the one that it names, else by the rule; "" is cash."""
    if symbol:
        return symbol
    moved = [BookAssets(book).moved(asset) for book in books]
    return next((instrument.symbol for instrument in moved if instrument), "")
