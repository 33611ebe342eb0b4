"""The job behind facts that were too late to be matched at once: it works out their
pairs without a lock, writes them as a new generation a little at a time, and switches
that in with the facts in one short transaction.

A run that died is done again: what it wrote counts nowhere, and goes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from kernel.batches import batched
from operations.services import scheduler
from trades.domain.matching import Pair
from trades.domain.units import number
from trades.models import (
    STANDING,
    BatchEvent,
    Book,
    FactStatus,
    Fill,
    FillEvent,
    Generation,
    Instrument,
    Lot,
    Match,
    RoundTrip,
    Settled,
    Transfer,
    TransferEvent,
)
from trades.queries.assets import BookAssets
from trades.queries.facts import IDS, ROWS, assets_of, stored_facts, touched
from trades.queries.generations import Generations
from trades.queries.positions import new_pair
from trades.queries.profit import pair_pnl
from trades.queries.worth import (
    Brought,
    lots_that_left,
    same_lots,
)
from trades.services import undoing
from trades.services.books import locked
from trades.services.cash import BalanceChanges, save_balances
from trades.services.effects import state_effects
from trades.services.following import Arrivals, follow
from trades.services.pairs import insert, save_positions
from trades.services.reclassifying import reclassify
from trades.services.travelling import bring
from trades.services.valued_meanwhile import add_values, take_values
from trades.services.waiting import JOB, disturb, postpone

MOST_ROUNDS = 5
CAUGHT_UP = 1_000  # facts that one transaction adds after a switch
Fact: TypeAlias = Fill | Transfer
Event: TypeAlias = FillEvent | TransferEvent | BatchEvent


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The pairs that wait with the numbers of their new generations, and
    which facts are to join."""

    book: Book
    numbers: Mapping[Instrument, int]
    settled: Settled


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a round has worked out: the pairs as they are to be, and what the facts,
    their fees and their matches change of the balances. `before` and `after` is what the
    assets are; `brought` are the lots that the `arrivals` from own books came with."""

    pairs: Mapping[Instrument, Pair]
    facts: Sequence[Fact]
    changes: BalanceChanges
    before: BookAssets
    after: BookAssets
    arrivals: Sequence[Transfer]
    brought: Brought
    events: Sequence[tuple[Event, Collection[Instrument]]]

    @cached_property
    def realised(self) -> Mapping[Instrument, Decimal | None]:
        return {each: _realised(pair) for each, pair in self.pairs.items()}


class _Moved(Exception):
    """Something that the round had read is no longer so."""


def unfinished() -> Iterable[Book]:
    """The books in which something waits, or is left to be tidied up."""
    rows = Generation.objects.filter(Q(waits=True) | Q(littered=True))
    ids = rows.order_by().values_list("book", flat=True).distinct()
    return Book.objects.filter(pk__in=list(ids)).order_by("pk")


def regenerate(book: Book) -> int:
    """Match what waits in the book; how many facts joined. What is left after
    MOST_ROUNDS is asked for again."""
    joined = 0
    for _ in range(MOST_ROUNDS):
        started = _begin(book)
        if started is None:
            break
        _sweep(book, started.numbers)
        outcome = _work_out(started)
        _write(started, outcome)
        if _switch(started, outcome):
            joined += len(outcome.facts)
            while some := _catch_up(book):
                joined += some
    else:
        scheduler.request(JOB, str(book.pk), {"book": str(book.pk)})
    _tidy(book)
    return joined


def _write(started: Attempt, outcome: Outcome) -> None:
    """The new generations, which count nowhere yet."""
    book, written = started.book, 0
    of = sum(map(_size, outcome.pairs.values()))
    for instrument, pair in outcome.pairs.items():
        insert(book, instrument, pair, started.numbers[instrument])
        written += _size(pair)
        undoing.on_its_way(book, written, of)


def _size(pair: Pair) -> int:
    return len(pair.opened) + len(pair.matches) + len(pair.trips)


def _begin(book: Book) -> Attempt | None:
    with transaction.atomic():
        book = locked(book)
        waiting = Generation.objects.filter(book=book, waits=True)
        rows = list(waiting.select_related("instrument").order_by("instrument"))
        for row in rows:
            row.last, row.littered = row.last + 1, True
            row.save(update_fields=["last", "littered"])
        last = [
            model._default_manager.filter(book=book).aggregate(last=Max("pk"))["last"]
            for model in (Fill, Transfer)
        ]
    numbers = {row.instrument: row.last for row in rows}
    settled = Settled(fills=last[0] or 0, transfers=last[1] or 0)
    return Attempt(book=book, numbers=numbers, settled=settled) if rows else None


def _work_out(started: Attempt) -> Outcome:
    """Reads without a lock: whatever moves these pairs meanwhile says so in their
    generations, and `_switch` sees it."""
    book, settled = started.book, started.settled
    fills, transfers = _waiting(book, settled)
    facts: list[Fact] = [*fills, *transfers]
    names = assets_of(facts)
    before = BookAssets(book).load(names)
    after = BookAssets(book, settled=settled).load(names)
    # Not the newest: others were booked since these were recorded.
    changes = BalanceChanges(book, before, undone=True)
    for fact in facts:
        if fact.status in STANDING and fact.becomes not in STANDING:
            changes.fact(fact, -1)
    changes.assets = after
    for fact in _coming(facts):
        changes.fact(fact)
    arrivals = list(
        Transfer.objects.standing(settled=settled).filter(
            to_book=book, instrument__in=started.numbers
        )
    )
    brought, pairs = lots_that_left(arrivals), {}
    for instrument in started.numbers:
        pair = new_pair(book, instrument)
        pair.apply_all(
            stored_facts(
                book, instrument, None, after, settled=settled, brought=brought
            )
        )
        _rematched(book, instrument, pair, changes)
        add_values(book, instrument, changes)
        pairs[instrument] = pair
    return Outcome(
        pairs=pairs,
        facts=facts,
        changes=changes,
        before=before,
        after=after,
        arrivals=arrivals,
        brought=brought,
        events=list(_events(book, facts, before, after)),
    )


def _waiting(
    book: Book, settled: Settled | None = None, most: int | None = None
) -> tuple[list[Fill], list[Transfer]]:
    """The facts that wait in a book, oldest arrivals first, `most` of each kind."""
    fills = Fill.objects.waiting(settled).filter(book=book)
    moves = Transfer.objects.waiting(settled).filter(book=book)
    fills = fills.select_related("book", "instrument")
    moves = moves.select_related("book", "instrument")
    return list(fills.order_by("id")[:most]), list(moves.order_by("id")[:most])


def _coming(facts: Iterable[Fact]) -> list[Fact]:
    return [
        fact
        for fact in facts
        if fact.becomes in STANDING and fact.status not in STANDING
    ]


def _rematched(
    book: Book, instrument: Instrument, pair: Pair, changes: BalanceChanges
) -> None:
    """What was realised goes, what will be comes."""
    stored = Match.objects.filter(book=book, instrument=instrument)
    for realised in stored.values_list("realised", flat=True).iterator(ROWS):
        changes.matched(realised, instrument.quote, -1)
    for match in pair.matches:
        units = match.realised
        changes.matched(None if units is None else number(units), instrument.quote)


def _events(
    book: Book, facts: Sequence[Fact], before: BookAssets, after: BookAssets
) -> Iterator[tuple[Event, Collection[Instrument]]]:
    """The voids, corrections and undone files that these facts wait for, with the
    pairs whose profit and loss they state."""
    mended: dict[tuple[type[Fact], int], set[Instrument]] = defaultdict(set)
    undone: dict[UUID, set[Instrument]] = defaultdict(set)
    for fact in facts:
        pairs = touched(fact, before) | touched(fact, after)
        if fact.becomes == FactStatus.UNDONE and fact.batch_id is not None:
            undone[fact.batch_id] |= pairs
        else:
            mended[type(fact), fact.replaces_id or fact.pk] |= pairs
    for event in FillEvent.objects.filter(pnl_after=None, fill__book=book):
        if (Fill, event.fill_id) in mended:
            yield event, mended[Fill, event.fill_id]
    for moved in TransferEvent.objects.filter(pnl_after=None, transfer__book=book):
        if (Transfer, moved.transfer_id) in mended:
            yield moved, mended[Transfer, moved.transfer_id]
    for batch in BatchEvent.objects.filter(pnl_after=None, batch__in=list(undone)):
        yield batch, undone[batch.batch_id]


def _switch(started: Attempt, outcome: Outcome) -> bool:
    """Let the new generations and the facts count, all at once; False when what the
    round had read has moved meanwhile."""
    turned: Collection[Instrument] = ()
    try:
        with transaction.atomic():
            book = locked(started.book)
            _check_unmoved(book, started, outcome)
            _take_statuses(book, started.settled, outcome.facts)
            bring(outcome.arrivals, outcome.brought)
            turned = _turned(book, outcome)
            if set(turned) - set(started.numbers):
                raise _Moved
            save_balances(book, outcome.changes)
            for instrument, pair in outcome.pairs.items():
                save_positions(book, instrument, pair)
                take_values(book, instrument)
                mine = started.numbers[instrument]
                row = Generation.objects.filter(book=book, instrument=instrument)
                row.update(current=mine, last=mine + 1, market_at=None)
            _state_pnl(book, outcome)
            state_effects(book, outcome.realised)
            scheduler.request_following("book", str(book.pk))
    except _Moved:
        if turned:
            with transaction.atomic():
                postpone(locked(started.book), turned)
        return False
    return True


def _check_unmoved(book: Book, started: Attempt, outcome: Outcome) -> None:
    rows = Generation.objects.filter(book=book, waits=True)
    last = dict(rows.values_list("instrument", "last"))
    if any(last.get(pair.pk) != mine for pair, mine in started.numbers.items()):
        raise _Moved
    if not outcome.before.says_as(BookAssets(book)):
        raise _Moved
    left = lots_that_left(outcome.arrivals)
    if not all(same_lots(left, outcome.brought, move) for move in outcome.arrivals):
        raise _Moved


def _take_statuses(book: Book, settled: Settled, facts: Sequence[Fact]) -> None:
    for status in {fact.becomes for fact in facts}:
        for rows in (
            Fill.objects.waiting(settled).filter(book=book, becomes=status),
            Transfer.objects.waiting(settled).filter(book=book, becomes=status),
        ):
            rows.update(status=status, becomes="")


def _turned(book: Book, outcome: Outcome) -> Collection[Instrument]:
    """The pairs that mean something else with the facts; what turns of the cash joins
    the changes."""
    after = BookAssets(book).load(assets_of(outcome.facts))
    if not outcome.after.says_as(after):
        raise _Moved
    return reclassify(
        book,
        assets_of(outcome.facts),
        outcome.before,
        after,
        outcome.changes,
        _coming(outcome.facts),
    )


def _state_pnl(book: Book, outcome: Outcome) -> None:
    for event, pairs in outcome.events:
        event.pnl_after = pair_pnl(book, pairs, timezone.now(), outcome.realised)
        event.save(update_fields=["pnl_after"])
    files = [event for event, _ in outcome.events if isinstance(event, BatchEvent)]
    undoing.are_out(files)


def _realised(pair: Pair) -> Decimal | None:
    parts = [match.realised for match in pair.matches]
    known = [part for part in parts if part is not None]
    return number(sum(known)) if len(known) == len(parts) else None


def _catch_up(book: Book) -> int:
    """Add the oldest facts that came during the round, where they are the newest of
    their pairs; how many. Where none is left, nothing waits any more."""
    with transaction.atomic():
        book = locked(book)
        fills, transfers = _waiting(book, most=CAUGHT_UP)
        facts: list[Fact] = [*fills, *transfers]
        if not facts:
            Generation.objects.filter(book=book).update(waits=False)
            return 0
        if any(fact.becomes != FactStatus.BOOKED for fact in facts):
            return 0
        behind = Generation.objects.filter(book=book, market_at__isnull=False)
        news = Arrivals.of(book, fills, transfers)
        if news.late or behind.exists():
            return 0
        news.changes.undone = True  # others were booked since
        for model, rows in ((Fill, fills), (Transfer, transfers)):
            for some in batched([row.pk for row in rows], IDS):
                model._default_manager.filter(pk__in=some).update(
                    status=FactStatus.BOOKED, becomes=""
                )
        follow(news, Generations(book))
        disturb(book, news.by_pair)
        scheduler.request_following("book", str(book.pk))
    return len(facts)


def _tidy(book: Book) -> None:
    """Delete what counts no more of the pairs for which nothing waits."""
    rows = Generation.objects.filter(book=book, littered=True, waits=False)
    for row in rows.select_related("instrument"):
        _sweep(book, {row.instrument: row.current})
        same = Generation.objects.filter(pk=row.pk, last=row.last, waits=False)
        same.update(littered=False)


def _sweep(book: Book, below: Mapping[Instrument, int]) -> None:
    """Delete the rows of generations older than these that do not count, a few in
    each transaction."""
    for instrument, limit in below.items():
        row = Generation.objects.get(book=book, instrument=instrument)
        for model in (Match, RoundTrip, Lot):
            old = model.every.filter(
                book=book, instrument=instrument, generation__lt=limit
            ).exclude(generation=row.current)
            ids = list(old.order_by().values_list("pk", flat=True))
            for some in batched(ids, IDS):
                model.every.filter(pk__in=some).delete()
