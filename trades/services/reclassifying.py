"""When a book trades an instrument for the first time, or no more at all, what its
asset was so far means something else: cash becomes lots, lots become cash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from kernel.numbers import ZERO
from trades.models import Book, Fill, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.services.cash import BalanceChanges


def reclassify(
    book: Book,
    assets: Iterable[str],
    before: BookAssets,
    after: BookAssets,
    changes: BalanceChanges,
    coming: Iterable[Fill | Transfer] = (),
) -> dict[Instrument, datetime]:
    """Turn into cash, or out of it, what the standing facts of these assets moved;
    since when which pairs must be matched again. `coming` are the facts that stand
    only now: what they mean is new, not changed."""
    since: dict[Instrument, datetime] = {}
    new_facts = set(coming)
    for asset in sorted(set(assets)):
        old, new = before.moved(asset), after.moved(asset)
        if old == new:
            continue
        moves = [move for move in _unnamed(book, asset) if move not in new_facts]
        fees = [fill for fill in _fees(book, asset) if fill not in new_facts]
        times = [*(move.at for move in moves), *(fill.executed_at for fill in fees)]
        if not times:
            continue
        amount = sum((move.amount for move in moves), ZERO)
        amount -= sum((fill.fee for fill in fees), ZERO)
        if old is None or new is None:
            changes.turned(asset, amount if new is None else -amount)
        for instrument in (old, new):
            if instrument is not None:
                since[instrument] = min(times)
    return since


def _unnamed(book: Book, asset: str) -> QuerySet[Transfer]:
    """The transfers whose class follows from what is traded."""
    moves = Transfer.objects.standing().filter(book=book, asset=asset)
    return moves.exclude(instrument__base=asset)


def _fees(book: Book, asset: str) -> QuerySet[Fill]:
    """The fills that were charged the asset, which is neither their quote nor base."""
    fills = Fill.objects.standing().filter(book=book, fee_currency=asset)
    own = fills.exclude(instrument__base=asset).exclude(instrument__quote=asset)
    return own.exclude(fee=ZERO)
