"""How much a request may match again to tell what was known at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from kernel.errors import FieldError, Invalid
from trades.models import Book, Fill, Instrument, Transfer

MOST_FACTS = 20_000  # matched again in about three seconds of one thread


def senders(
    books: Sequence[Book], known_at: datetime, only: Collection[Instrument] | None
) -> dict[int, set[int]]:
    """The instruments of each other book, by id, from which lots of them came to one of
    these, over others too. A query for each step between books."""
    asked = {book.pk for book in books}
    named = None if only is None else {instrument.pk for instrument in only}
    parted: dict[int, set[int]] = defaultdict(set)
    new: set[tuple[int, int]] | None = None
    while new is None or new:
        receivers = asked if new is None else {book for book, _ in new}
        moves = Transfer.objects.standing(known_at).filter(
            to_book__in=receivers, instrument__isnull=False
        )
        came = {
            (sender, instrument)
            for sender, receiver, instrument in moves.order_by()
            .values_list("book", "to_book", "instrument")
            .distinct()
            if (new is None or (receiver, instrument) in new)
            and (named is None or instrument in named)
        }
        new = {
            (sender, instrument)
            for sender, instrument in came
            if sender not in asked and instrument not in parted.get(sender, ())
        }
        for sender, instrument in new:
            parted[sender].add(instrument)
    return parted


def check_facts(
    books: Sequence[Book],
    sent: Mapping[int, Collection[int]],
    known_at: datetime,
    only: Collection[Instrument] | None,
) -> None:
    """Raises Invalid where these books have too many trades and transfers to match
    again, and their senders of the instruments that they sent; of `only` these."""
    left = MOST_FACTS
    wanted = None if only is None else {instrument.pk for instrument in only}
    for book in books:
        left -= _facts(book.pk, wanted, known_at, left)
    for book_id, instruments in sent.items():
        left -= _facts(book_id, instruments, known_at, left)
    if left >= 0:
        return
    who = f"{books[0].name} has" if len(books) == 1 else "These books have"
    raise too_many(f"{who} more than {MOST_FACTS:,} trades and transfers")


def too_many(detail: str) -> Invalid:
    return Invalid(
        f"{detail}: what was known at a time is told for fewer.",
        code="too_many",
        errors=[FieldError("/known_at", "range", detail)],
    )


def _facts(
    book_id: int, instruments: Collection[int] | None, known_at: datetime, most: int
) -> int:
    """How many facts of a book (of some instruments, with the fees that these may have
    paid) are read; counting ends above `most`. At most two queries."""
    if most < 0:
        return 0
    fills = Fill.objects.standing(known_at).filter(book=book_id).order_by()
    if instruments is not None:
        bases = Instrument.objects.filter(pk__in=instruments).values("base")
        fills = fills.filter(Q(instrument__in=instruments) | Q(fee_currency__in=bases))
    count = fills[: most + 1].count()
    if count > most:
        return count
    mine = Q(book=book_id) | Q(to_book=book_id)
    moves = Transfer.objects.standing(known_at).filter(mine).order_by()
    return count + moves[: most - count + 1].count()
