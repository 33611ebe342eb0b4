"""The lots that movements between own books bring, stored anew."""

from __future__ import annotations

from collections.abc import Sequence

from trades.models import Transfer, TransferLot
from trades.queries.worth import Brought, brought_otherwise


def bring(moves: Sequence[Transfer], left: Brought) -> None:
    """Let movements bring these lots. Both books' pairs are matched again with it, in
    the caller's transaction. Few queries, whatever the number of movements."""
    others = brought_otherwise(moves, left)
    TransferLot.objects.filter(transfer__in=others).delete()
    TransferLot.objects.bulk_create(
        lot for move in others for lot in left.get(move.pk, ())
    )
