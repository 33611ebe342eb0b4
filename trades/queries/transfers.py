"""Transfers that a person may read, with what they move and what they were worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from kernel.paging import Page, newest_first
from trades.models import Instrument, Transfer, Valuation
from trades.queries.amendments import newest_version
from trades.queries.assets import BookAssets
from trades.queries.books import Reader, asked_book, readable_books, reads_every_book


@dataclass(frozen=True, kw_only=True)
class TransferFilter:
    """What the list is narrowed to; "" does not."""

    book: str = ""
    asset: str = ""
    kind: str = ""
    external_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ToldTransfer:
    """A transfer, the instrument whose lots it moves (None: it is cash), and what that
    was worth (None: cash, or nobody knows)."""

    transfer: Transfer
    moved: Instrument | None
    valuation: Valuation | None


def transfer_page(
    user: Reader, chosen: TransferFilter, *, limit: int, cursor: str = ""
) -> Page[Transfer]:
    """Newest first by their time; those between own books in both. One query, two
    with a book. Raises NotFound for one that they may not see."""
    rows = Transfer.objects.listed()
    if chosen.book:
        book = asked_book(user, chosen.book)
        rows = rows.filter(Q(book=book) | Q(to_book=book))
    elif not reads_every_book(user):
        books = readable_books(user).values("pk")
        rows = rows.filter(Q(book__in=books) | Q(to_book__in=books))
    if chosen.asset:
        rows = rows.filter(asset=chosen.asset.upper())
    if chosen.kind:
        rows = rows.filter(kind=chosen.kind)
    if chosen.external_id:
        rows = rows.filter(external_id=chosen.external_id)
    rows = rows.select_related("book", "to_book", "instrument")
    return newest_first(rows, field="at", limit=limit, cursor=cursor)


def readable_transfer(user: Reader, pk: int) -> Transfer | None:
    """The transfer as it stands now, by the id of any of its versions; None where the
    person may read neither of its books. At most four queries."""
    transfer = newest_version(Transfer, pk)
    if transfer is None:
        return None
    sides = Q(pk=transfer.book_id) | Q(pk=transfer.to_book_id)
    return transfer if readable_books(user).filter(sides).exists() else None


def told(transfers: Sequence[Transfer]) -> list[ToldTransfer]:
    """What each of these moves and was worth, as its book sees it. A query for each
    book, and one. Their books and instruments are loaded."""
    assets: dict[int, BookAssets] = {}
    for transfer in transfers:
        assets.setdefault(transfer.book_id, BookAssets(transfer.book))
    for pk, known in assets.items():
        known.load({row.asset for row in transfers if row.book_id == pk})
    rows = Valuation.objects.filter(transfer__in=transfers).order_by("id")
    newest = {row.transfer_id: row for row in rows}
    return [
        ToldTransfer(
            transfer=transfer,
            moved=assets[transfer.book_id].of_transfer(transfer),
            valuation=newest.get(transfer.pk),
        )
        for transfer in transfers
    ]
