"""Movements between two books of one owner: one fact with two sides. The lots that
leave the one come into the other with their cost and dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from audit import services as audit
from kernel.errors import FieldError, Invalid
from kernel.numbers import text
from operations.services import scheduler
from trades.domain.facts import NewTransfer
from trades.models import STANDING, Book, Instrument, Lot, Match, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import assets_of, touched
from trades.queries.generations import Generations, market_at
from trades.queries.worth import brought_otherwise, lots_that_left
from trades.services.books import locked, moment, writable_book
from trades.services.cash import BalanceChanges, save_balances
from trades.services.following import Arrivals, follow
from trades.services.reclassifying import reclassify
from trades.services.recording import Entries, record
from trades.services.rematching import (
    TooMuchAtOnce,
    check,
    earliest,
    say_what_became,
    say_what_becomes,
    settle,
    settle_now,
    take_status,
)
from trades.services.travelling import bring
from trades.services.waiting import (
    ask,
    must_wait,
    pairs_to_wait,
    postpone_both,
    postpone_market,
)


def book_between(new: NewTransfer, by: User) -> tuple[Transfer, int]:
    """Book what leaves one own book for another; returns it and 1 when it is new.

    Raises Invalid where the books are one, or do not hold the asset in one quote
    currency: then it is two transfers, the one coming in with a stated cost.
    """
    sender = writable_book(new.book, by)
    receiver = writable_book(new.to_book, by, "/to_book")
    if sender == receiver:
        raise _refused("is the book that it leaves", "Name two books.")
    with transaction.atomic():
        sender, receiver = locked_pair(sender, receiver)
        new = naming_lots(new, sender, receiver)
        sender.recorded_at = _last_recorded(sender, receiver)
        recorded = record(sender, Entries(transfers=[new]), pointers=[""], held=True)
        [transfer] = recorded.transfers
        if recorded.new["transfers"]:
            receiver.recorded_at = transfer.recorded_at
            receiver.save(update_fields=["recorded_at"])
            _follow_both(sender, receiver, transfer)
            _say_booked(transfer, sender, receiver, by)
    return transfer, recorded.new["transfers"]


def _follow_both(sender: Book, receiver: Book, transfer: Transfer) -> None:
    """Let a new movement count in both books, or wait for the job in both: too much
    would be matched again in one of them, or it waits already."""
    sides = [Arrivals.of(book, [], [transfer]) for book in (sender, receiver)]
    generations = [Generations(news.book) for news in sides]
    if any(map(pairs_to_wait, sides, generations)):
        postpone_both({news.book: {*news.by_pair, *news.turned} for news in sides})
    else:
        take_status([transfer])
        say_what_became([transfer])
        follow(sides[0], generations[0])
        bring([transfer], lots_that_left([transfer]))
        follow(sides[1], generations[1])
    for news in sides:
        scheduler.request_following("book", str(news.book.pk))


def locked_pair(sender: Book, receiver: Book) -> tuple[Book, Book]:
    """Both, locked as everybody locks them: in order of their ids."""
    in_order = sorted((sender, receiver), key=lambda book: book.pk)
    pair = {book.pk: book for book in map(locked, in_order)}
    return pair[sender.pk], pair[receiver.pk]


def moment_of_both(sender: Book, receiver: Book) -> datetime:
    """`moment` of two locked books: later than what was recorded in either."""
    sender.recorded_at = _last_recorded(sender, receiver)
    now = moment(sender)
    receiver.recorded_at = now
    receiver.save(update_fields=["recorded_at"])
    return now


def _last_recorded(*books: Book) -> datetime | None:
    return max((at for book in books if (at := book.recorded_at)), default=None)


def naming_lots(new: NewTransfer, sender: Book, receiver: Book) -> NewTransfer:
    """The movement with its other book's id and the symbol of the lots that move in
    both; "" is the base currency of both. Raises Invalid as book_between."""
    instrument = _one_instrument(new, sender, receiver)
    symbol = instrument.symbol if instrument else ""
    return replace(new, to_book=str(receiver.pk), symbol=symbol)


def _one_instrument(
    new: NewTransfer, sender: Book, receiver: Book
) -> Instrument | None:
    """The instrument whose lots move in both books; None for the base currency of
    both."""
    bases = {sender.base_currency, receiver.base_currency}
    if bases == {new.asset}:
        return None
    named = Instrument.objects.filter(symbol=new.symbol).first() if new.symbol else None
    leaves = BookAssets(sender).moved(new.asset, named)
    comes = BookAssets(receiver).moved(new.asset, named)
    quote = comes.quote if comes else receiver.base_currency
    if new.asset in bases or leaves is None or leaves.quote != quote:
        raise _refused(
            "holds it in another currency",
            f"{sender.name} and {receiver.name} do not hold {new.asset} in one quote "
            "currency: book two transfers, the one coming in with a stated cost.",
        )
    return leaves


def _refused(detail: str, sentence: str) -> Invalid:
    return Invalid(
        sentence, code="to_book", errors=[FieldError("/to_book", "to_book", detail)]
    )


def settle_both(
    sender: Book, receiver: Book, gone: Transfer, comes: Transfer | None
) -> bool:
    """`settle` for both books of a movement that counts no more, with the one that
    comes in its place: both carry `becomes`. They wait in both books or in none."""
    moves = [gone] if comes is None else [gone, comes]
    before = BookAssets(receiver).load(assets_of(moves))
    try:
        with transaction.atomic():
            settle_now(sender, moves, {})
            _settle_arrival(receiver, before, gone, comes)
    except TooMuchAtOnce:
        say_what_becomes(moves)
        postpone_both({book: _touched(book, moves) for book in (sender, receiver)})
        done = False
    else:
        say_what_became(moves)
        done = True
    for book in (sender, receiver):
        scheduler.request_following("book", str(book.pk))
    return done


def _settle_arrival(
    receiver: Book, before: BookAssets, gone: Transfer, comes: Transfer | None
) -> None:
    """What follows where a movement came in, after the book that it left has settled.
    The assets were `before`. Raises TooMuchAtOnce."""
    moves = [gone] if comes is None else [gone, comes]
    names = assets_of(moves)
    changes = BalanceChanges(receiver, before)
    changes.transfer(gone, -1)
    changes.assets = after = BookAssets(receiver).load(names)
    if comes is not None:
        changes.transfer(comes)
        bring([comes], lots_that_left([comes]))
    turned = reclassify(receiver, names, before, after, changes)
    since = earliest(moves, turned, after)
    check(receiver, since, Generations(receiver))
    save_balances(receiver, changes)
    settle_now(receiver, [], since)


def _touched(book: Book, moves: Sequence[Transfer]) -> set[Instrument]:
    assets = BookAssets(book).load(assets_of(moves))
    return {pair for move in moves for pair in touched(move, assets)}


def carry_on(book: Book) -> int:
    """Bring what a book's matches say has left it into the books where it went, in
    order of time; how many movements changed. Locks both books of each. Where too much
    would be matched again there, the job does it."""
    moves = Transfer.objects.filter(
        Q(status__in=STANDING) | _there_still(Lot) | _there_still(Match),
        book=book,
        to_book__isnull=False,
        instrument__isnull=False,
    )
    return sum(
        _carry(pk) for pk in moves.order_by("at", "id").values_list("pk", flat=True)
    )


def _there_still(model: type[Lot] | type[Match]) -> Exists:
    """What a movement brought: of one that counts no more, it is still to be undone."""
    rows = model._default_manager.filter(transfer=OuterRef("pk"))
    return Exists(rows.filter(book=OuterRef("to_book")))


def _carry(pk: int) -> int:
    transfer = Transfer.objects.select_related("book", "to_book", "instrument").get(
        pk=pk
    )
    receiver, instrument = transfer.to_book, transfer.instrument
    stands = transfer.status in STANDING
    if receiver is None or instrument is None:
        return 0
    if stands and not brought_otherwise([transfer], lots_that_left([transfer])):
        return 0
    if market_at(receiver, instrument) is not None:
        return 0  # the job that it waits for brings it, too
    since = {instrument: transfer.at}
    with transaction.atomic():
        _, receiver = locked_pair(transfer.book, receiver)
        if must_wait(receiver, since):
            postpone_market([receiver], since, moment(receiver))
            ask(receiver)
            return 1
        if stands:
            bring([transfer], lots_that_left([transfer]))
        settle(receiver, pairs=since)
    return 1


def _say_booked(transfer: Transfer, sender: Book, receiver: Book, by: User) -> None:
    audit.append(
        "trades.transfer.booked",
        actor=by.actor,
        object=f"book:{sender.pk}",
        data={
            "book": sender.name,
            "to_book": receiver.name,
            "transfers": "1",
            "first": transfer.external_id,
            "asset": transfer.asset,
            "amount": text(transfer.amount),
        },
    )
