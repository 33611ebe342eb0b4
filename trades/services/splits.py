"""Splits: an instrument's units become more or fewer in every book that they count
for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.errors import Conflict, FieldError
from operations.services import scheduler
from trades.domain.facts import NewSplit
from trades.models import (
    Book,
    Fill,
    Instrument,
    MarketScope,
    Position,
    Split,
    SplitEvent,
    Transfer,
)
from trades.queries.generations import Generations
from trades.services import waiting as limits
from trades.services.books import MICROSECOND, locked_all
from trades.services.effects import Effects
from trades.services.market import check_scopes, nothing_changed, to_mend, withdraw
from trades.services.pairs import undone_by
from trades.services.rematching import settle

BOOKS_AT_ONCE = 20


def record_split(new: NewSplit, by: User) -> tuple[Split, bool]:
    """Record a split, match again what it touches; returns it and whether it is new.
    One that was withdrawn and said the same is known.

    Raises Conflict when there is another split of that symbol and time, Forbidden
    for the desk's without the permission.
    """
    check_scopes([new.scope], by)
    with transaction.atomic():
        books = locked_all(books_split([new.symbol], new.scope, by))
        rows = _like(new, by)
        for row in rows:
            if _says(row, new):
                return row, False
        for row in rows:
            if row.withdrawn_at is None:
                raise _other_split(row)
        now = _moment([new.symbol])
        split = _stored(new, now, by)
        rematch(books, {new.symbol: new.at}, now)
        _log(split, "recorded", by, books=str(len(books)))
    return split, True


def void_split(pk: int, reason: str, by: User) -> Split:
    """Let a split count no more, and match again. Raises like `market.to_mend`."""
    with transaction.atomic():
        split = to_mend(Split, pk, by)
        books = _locked_of([split.symbol], split)
        effects, now = Effects.on(books, [split.symbol]), _moment([split.symbol])
        withdraw(split, now)
        event = SplitEvent.objects.create(
            split=split, kind="void", reason=reason, author=by, recorded_at=now
        )
        waiting = rematch(books, {split.symbol: split.at}, now)
        effects.state(event, rematched=True, waiting=waiting)
        _log(split, "voided", by, reason=reason)
    return split


def correct_split(
    pk: int, change: Callable[[NewSplit], NewSplit], reason: str, by: User
) -> Split:
    """Put another split in the place of one and match again; returns it. Raises like
    `market.to_mend`, what `change` raises, and Conflict where its place is taken or
    nothing would change."""
    with transaction.atomic():
        split = to_mend(Split, pk, by)
        new = change(new_split(split))
        if new == new_split(split):
            raise nothing_changed("split")
        symbols = {split.symbol, new.symbol}
        books = _locked_of(symbols, split)
        effects, now = Effects.on(books, symbols), _moment(symbols)
        withdraw(split, now)
        for row in _like(new, by):
            if row.withdrawn_at is None:
                raise _other_split(row)
        stands = _stored(new, now, by)
        event = SplitEvent.objects.create(
            split=split,
            kind="correct",
            replacement=stands,
            reason=reason,
            author=by,
            recorded_at=now,
        )
        since = {split.symbol: split.at}
        since[new.symbol] = min(new.at, since.get(new.symbol, new.at))
        waiting = rematch(books, since, now)
        effects.state(event, rematched=True, waiting=waiting)
        _log(split, "corrected", by, reason=reason, by=f"split:{stands.pk}")
    return stands


def new_split(split: Split) -> NewSplit:
    """A stored split as one to record."""
    return NewSplit(
        symbol=split.symbol,
        at=split.at,
        numerator=split.numerator,
        denominator=split.denominator,
        scope=split.scope,
    )


def _stored(new: NewSplit, now: datetime, by: User) -> Split:
    return Split.objects.create(
        symbol=new.symbol,
        at=new.at,
        numerator=new.numerator,
        denominator=new.denominator,
        scope=new.scope,
        author=by,
        recorded_at=now,
    )


def _like(new: NewSplit, by: User) -> list[Split]:
    """What was ever stored of this symbol and time in this scope."""
    mine = Q(scope=MarketScope.DESK) | Q(author=by)
    rows = Split.objects.filter(mine, scope=new.scope, symbol=new.symbol, at=new.at)
    return list(rows.order_by("id"))


def _says(split: Split, new: NewSplit) -> bool:
    return (split.numerator, split.denominator) == (new.numerator, new.denominator)


def _other_split(known: Split) -> Conflict:
    return Conflict(
        f"{known.symbol} has another split at that time: {known.numerator} for "
        f"{known.denominator}. Correct that one.",
        code="split",
        errors=[FieldError("/numerator", "other_content", "differs")],
    )


def _log(split: Split, verb: str, actor: User, **more: str) -> None:
    audit.append(
        f"trades.split.{verb}",
        actor=actor.actor,
        object=f"split:{split.pk}",
        data={
            "symbol": split.symbol,
            "ratio": f"{split.numerator}:{split.denominator}",
            "at": split.at.isoformat(),
            "scope": split.scope,
            **more,
        },
    )


def _locked_of(symbols: Collection[str], split: Split) -> list[Book]:
    return locked_all(books_split(symbols, split.scope, split.author))


def books_split(
    symbols: Collection[str], scope: str, author: User | None
) -> QuerySet[Book]:
    """The books with facts of these symbols for which a split of this scope counts,
    in the order in which they are locked."""
    rows = {"book": OuterRef("pk"), "instrument__symbol__in": symbols}
    # Each asked by itself: joined, every fill meets every transfer.
    books = Book.objects.filter(
        Exists(Fill.objects.filter(**rows))
        | Exists(Transfer.objects.filter(**rows))
        | Exists(Position.objects.filter(**rows))
    )
    if scope == MarketScope.OWN:
        books = books.filter(owner=author)
    return books.order_by("pk")


def rematch(
    books: Sequence[Book], since: Mapping[str, datetime], now: datetime
) -> list[Book]:
    """Match the facts of symbols again in these locked books, each from the day of a
    time on: an own split may stand in the place of the desk's of that day.

    As much as one lock may hold is done at once. The books that are returned wait for
    the job, and go on with the splits that they had until `now`.
    """
    instruments = list(Instrument.objects.filter(symbol__in=since))
    pairs = {each: _day(since[each.symbol]) for each in instruments}
    left, waiting = limits.MOST_AT_ONCE, list(books[BOOKS_AT_ONCE:])
    for book in books[:BOOKS_AT_ONCE]:
        undone = undone_by(book, pairs, left)
        if undone > left or Generations(book).waiting(pairs):
            waiting.append(book)
        else:
            left -= undone
            settle(book, pairs=pairs)
    limits.postpone_market(waiting, instruments, now - MICROSECOND)
    if waiting:
        scheduler.request(limits.JOB)  # all that wait, in one run
    scheduler.request_following("prices")  # a split divides the marks before it
    return waiting


def _moment(symbols: Collection[str]) -> datetime:
    """When something is recorded of these symbols' splits: now, and always later than
    what was recorded of them before."""
    rows = Split.objects.filter(symbol__in=symbols)
    last = rows.aggregate(recorded=Max("recorded_at"), withdrawn=Max("withdrawn_at"))
    times: list[datetime] = [at for at in last.values() if at is not None]
    return max([timezone.now(), *(at + MICROSECOND for at in times)])


def _day(at: datetime) -> datetime:
    """When its day began, in UTC."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
