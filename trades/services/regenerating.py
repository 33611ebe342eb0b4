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
from django.db.models import Q
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
from trades.services.attempts import Attempt, begin
from trades.services.books import locked, locked_all
from trades.services.cash import BalanceChanges, save_balances
from trades.services.effects import state_effects
from trades.services.following import Arrivals, follow
from trades.services.pairs import insert, save_positions
from trades.services.reclassifying import reclassify
from trades.services.travelling import bring
from trades.services.valued_meanwhile import add_values, take_values
from trades.services.waiting import ask, disturb, postpone

MOST_ROUNDS = 5
CAUGHT_UP = 1_000  # facts that one transaction adds after a switch
Fact: TypeAlias = Fill | Transfer
Event: TypeAlias = FillEvent | TransferEvent | BatchEvent


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a round has worked out: the pairs as they are to be, and what the facts,
    their fees and their matches change of the balances. `before` and `after` is what the
    assets are; `brought` are the lots that the `arrivals` from own books came with, of
    which some were `written` in this round."""

    book: Book
    pairs: Mapping[Instrument, Pair]
    facts: Sequence[Fact]
    changes: BalanceChanges
    before: BookAssets
    after: BookAssets
    arrivals: Sequence[Transfer]
    brought: Brought
    written: Sequence[Attempt]
    events: Sequence[tuple[Event, Collection[Instrument]]]

    @property
    def own_facts(self) -> list[Fact]:
        """Without those that other books sent."""
        return [fact for fact in self.facts if fact.book == self.book]

    @cached_property
    def realised(self) -> Mapping[Instrument, Decimal | None]:
        return {each: _realised(pair) for each, pair in self.pairs.items()}


class _Moved(Exception):
    """Something that the round had read is no longer so."""


def regenerate(book: Book) -> int:
    """Match what waits in the book, and in those from or to which something waits to
    be moved; how many facts joined. What is left after MOST_ROUNDS is asked for
    again."""
    joined, books = 0, {book}
    for _ in range(MOST_ROUNDS):
        started = begin(book)
        if not started:
            break
        books |= {attempt.book for attempt in started}
        outcomes: list[Outcome] = []
        for index, attempt in enumerate(started):
            _sweep(attempt.book, attempt.numbers)
            outcomes.append(_work_out(attempt, started[:index]))
            _write(attempt, outcomes[-1])
        if _switch(started, outcomes):
            joined += sum(len(outcome.own_facts) for outcome in outcomes)
            for attempt in started:
                while some := _catch_up(attempt.book):
                    joined += some
    else:
        ask(book)
    for each in books:
        _tidy(each)
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


def _work_out(attempt: Attempt, written: Sequence[Attempt]) -> Outcome:
    """Reads without a lock: whatever moves these pairs meanwhile says so in their
    generations, and `_switch` sees it."""
    book, settled = attempt.book, attempt.settled
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
            to_book=book, instrument__in=attempt.numbers
        )
    )
    brought, pairs = _brought(arrivals, written), {}
    for instrument in attempt.numbers:
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
        book=book,
        pairs=pairs,
        facts=facts,
        changes=changes,
        before=before,
        after=after,
        arrivals=arrivals,
        brought=brought,
        written=written,
        events=list(_events(book, facts, before, after)),
    )


def _waiting(
    book: Book, settled: Settled | None = None, most: int | None = None
) -> tuple[list[Fill], list[Transfer]]:
    """The facts that wait in a book, from both sides of movements between own books,
    oldest arrivals first, `most` of each kind."""
    fills = Fill.objects.waiting(settled).filter(book=book)
    moves = Transfer.objects.waiting(settled).filter(Q(book=book) | Q(to_book=book))
    fills = fills.select_related("book", "instrument")
    moves = moves.select_related("book", "instrument")
    return list(fills.order_by("id")[:most]), list(moves.order_by("id")[:most])


def _brought(arrivals: Iterable[Transfer], written: Iterable[Attempt]) -> Brought:
    """The lots that arrivals bring: as they leave the senders' new generations, where
    these were written before."""
    rows = {
        (attempt.book.pk, instrument.pk): number
        for attempt in written
        for instrument, number in attempt.numbers.items()
    }
    return lots_that_left(arrivals, rows)


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


def _switch(started: Sequence[Attempt], outcomes: Sequence[Outcome]) -> bool:
    """Let the new generations and the facts count, all at once; False when what the
    round had read has moved meanwhile."""
    turned: dict[Book, Collection[Instrument]] = {}
    try:
        with transaction.atomic():
            ids = [attempt.book.pk for attempt in started]
            locked_all(Book.objects.filter(pk__in=ids))
            for attempt, outcome in zip(started, outcomes, strict=True):
                _check_unmoved(attempt, outcome)
            for attempt, outcome in zip(started, outcomes, strict=True):
                _take_statuses(attempt.book, attempt.settled, outcome.facts)
            for attempt, outcome in zip(started, outcomes, strict=True):
                bring(outcome.arrivals, outcome.brought)
                pairs = turned[attempt.book] = _turned(attempt.book, outcome)
                if set(pairs) - set(attempt.numbers):
                    raise _Moved
                _let_count(attempt, outcome)
    except _Moved:
        for book, pairs in turned.items():
            with transaction.atomic():
                postpone(locked(book), pairs)
        return False
    return True


def _let_count(attempt: Attempt, outcome: Outcome) -> None:
    book = attempt.book
    save_balances(book, outcome.changes)
    for instrument, pair in outcome.pairs.items():
        save_positions(book, instrument, pair)
        take_values(book, instrument)
        mine = attempt.numbers[instrument]
        row = Generation.objects.filter(book=book, instrument=instrument)
        row.update(current=mine, last=mine + 1, market_at=None)
    _state_pnl(book, outcome)
    state_effects(book, outcome.realised)
    scheduler.request_following("book", str(book.pk))


def _check_unmoved(attempt: Attempt, outcome: Outcome) -> None:
    book = attempt.book
    rows = Generation.objects.filter(book=book, waits=True)
    last = dict(rows.values_list("instrument", "last"))
    if any(last.get(pair.pk) != mine for pair, mine in attempt.numbers.items()):
        raise _Moved
    if not outcome.before.says_as(BookAssets(book)):
        raise _Moved
    left = _brought(outcome.arrivals, outcome.written)
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
        if any(move.to_book_id for move in transfers):
            return 0  # it counts in both books at once
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
