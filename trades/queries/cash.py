"""A book's cash as its facts moved it, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from heapq import merge
from operator import itemgetter
from typing import TypeAlias

from django.db.models import Q

from kernel.numbers import ZERO
from trades.domain.cash import CashMove, ImpliedFunding, fill_moves
from trades.models import Book, Fill, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import ROWS

Place: TypeAlias = tuple[datetime, datetime, int, int]
"""Where a fact stands among those of its book: time, recorded, sequence, id."""

FILL = (
    "executed_at",
    "recorded_at",
    "sequence",
    "id",
    "side",
    "amount",
    "fee",
    "fee_currency",
    "instrument__base",
    "instrument__quote",
)


def first_deposit(book: Book, known_before: datetime | None = None) -> datetime | None:
    """When cash in the base currency was first deposited, of what was recorded before
    a time. One query."""
    deposits = Transfer.objects.standing().filter(
        book=book, kind=Transfer.Kind.DEPOSIT, asset=book.base_currency, amount__gt=ZERO
    )
    if known_before is not None:
        deposits = deposits.filter(recorded_at__lt=known_before)
    return deposits.order_by("at").values_list("at", flat=True).first()


def is_newest(book: Book, at: datetime, recorded: datetime) -> bool:
    """Whether nothing that was recorded earlier happened after `at`. Two queries, or
    one where a fill did."""
    fills = Fill.objects.standing().filter(book=book, recorded_at__lt=recorded)
    fills = fills.order_by("-executed_at")
    mine = Q(book=book) | Q(to_book=book)
    transfers = Transfer.objects.standing().filter(mine, recorded_at__lt=recorded)
    transfers = transfers.order_by("-at")
    last = fills.values_list("executed_at", flat=True).first()
    if last is not None and last > at:
        return False
    last = transfers.values_list("at", flat=True).first()
    return last is None or last <= at


def transfer_move(book: Book, transfer: Transfer) -> CashMove:
    """What a transfer of cash does to this one of its books."""
    amount = transfer.amount if transfer.book_id == book.pk else -transfer.amount
    deposited = transfer.kind == Transfer.Kind.DEPOSIT
    return CashMove(transfer.asset, amount, deposited=deposited)


def implied_funding(book: Book) -> Decimal:
    """The book's implied funding from nothing but its facts. Three queries.

    Fills after the first deposit imply nothing and are not read.
    """
    funding = ImpliedFunding()
    own = Q(asset=book.base_currency)  # always cash
    facts = merge(
        _fills(book, first_deposit(book)), _transfers(book, own), key=itemgetter(0)
    )
    for _, move in facts:
        if move.currency == book.base_currency:
            funding.apply(move)
    return funding.implied


def cash_moves(
    book: Book, known_at: datetime | None = None
) -> Iterator[tuple[Place, CashMove]]:
    """Every change of cash of every currency, in the order of facts; as known at a
    time. A query for each kind of fact and for each currency that may be an asset with
    lots."""
    assets = BookAssets(book, known_at)
    return merge(
        _fills(book, assets=assets, known_at=known_at),
        _transfers(book, assets=assets, known_at=known_at),
        key=itemgetter(0),
    )


def _fills(
    book: Book,
    until: datetime | None = None,
    assets: BookAssets | None = None,
    known_at: datetime | None = None,
) -> Iterator[tuple[Place, CashMove]]:
    """With `assets`, without the fees that lots paid."""
    fills = Fill.objects.standing(known_at).filter(book=book)
    if until is not None:
        fills = fills.filter(executed_at__lte=until)
    fills = fills.order_by("executed_at", "recorded_at", "sequence", "id")
    for row in fills.values_list(*FILL).iterator(ROWS):
        *place, side, amount, fee, fee_currency, base, quote = row
        in_lots = (
            assets is not None
            and fee
            and fee_currency not in (base, quote)
            and assets.moved(fee_currency) is not None
        )
        moves = fill_moves(
            buy=side == Fill.Side.BUY,
            amount=amount,
            fee=fee,
            fee_currency=fee_currency,
            base=base,
            quote=quote,
            fee_in_kind=bool(in_lots),
        )
        for move in moves:
            yield (place[0], place[1], place[2], place[3]), move


def _transfers(
    book: Book,
    *narrowed: Q,
    assets: BookAssets | None = None,
    known_at: datetime | None = None,
) -> Iterator[tuple[Place, CashMove]]:
    """Those that move cash by `assets`; all without."""
    mine = Q(book=book) | Q(to_book=book)
    transfers = Transfer.objects.standing(known_at).filter(mine, *narrowed)
    transfers = transfers.select_related("instrument")
    transfers = transfers.order_by("at", "recorded_at", "sequence", "id")
    for transfer in transfers.iterator(ROWS):
        if assets is None or assets.of_transfer(transfer) is None:
            yield place_of(transfer), transfer_move(book, transfer)


def place_of(transfer: Transfer) -> Place:
    return transfer.at, transfer.recorded_at, transfer.sequence, transfer.pk
