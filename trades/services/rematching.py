"""Matching again: what follows when facts change that are not the last of their pair.

A pair is a book's instrument. Whoever voids, corrects, undoes or reads facts anew
says which status they take (`becomes`) or which pairs mean something else since when,
and calls `settle`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from django.db import transaction

from kernel.batches import batched
from operations.services import scheduler
from trades.models import STANDING, Book, FactStatus, Fill, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import IDS, assets_of, time_of, touched
from trades.queries.generations import Generations
from trades.services.cash import BalanceChanges, save_balances
from trades.services.pairs import replay
from trades.services.reclassifying import reclassify
from trades.services.waiting import disturb, postpone, too_many

Since: TypeAlias = Mapping[Instrument, datetime]


class TooMuchAtOnce(Exception):
    """These pairs would be locked too long."""

    def __init__(self, pairs: Iterable[Instrument]) -> None:
        super().__init__()
        self.pairs = set(pairs)


def settle(
    book: Book,
    *,
    fills: Sequence[Fill] = (),
    transfers: Sequence[Transfer] = (),
    pairs: Since | None = None,
) -> bool:
    """Let rows take the status that they are to have, with everything that follows:
    cash, lots, matches, trips and positions.

    The book is locked and the caller's transaction open. `fills` and `transfers` are
    stored and carry `becomes`; their instruments are loaded. `pairs` are matched
    again besides: their facts mean something else since that time (a split, another
    class of a transfer, a value that came later).

    True when all of it is done; False where the facts have yet to wait for a job,
    because they undo too many matches or their pair waits already.
    """
    facts: list[Fill | Transfer] = [*fills, *transfers]
    done = True
    try:
        with transaction.atomic():
            settle_now(book, facts, pairs or {})
    except TooMuchAtOnce as much:
        say_what_becomes(facts)
        postpone(book, much.pairs)
        disturb(book, much.pairs)
        done = False
    else:
        say_what_became(facts)
    scheduler.request_following("book", str(book.pk))
    return done


def settle_now(book: Book, facts: Sequence[Fill | Transfer], pairs: Since) -> None:
    """Raises TooMuchAtOnce; what it did until then is to be rolled back. Pairs
    without facts of theirs are never too much: what they mean has changed already."""
    generations = Generations(book)
    ceasing = [fact for fact in facts if _sign(fact) < 0]
    coming = [fact for fact in facts if _sign(fact) > 0]
    names = assets_of(facts)
    before = BookAssets(book).load(names)
    expected = before.trading(
        fact.instrument for fact in coming if isinstance(fact, Fill)
    )
    changes = BalanceChanges(book, before)
    since = earliest(facts, pairs, before)
    if facts:
        check(book, earliest(facts, since, expected), generations)
    for fact in ceasing:
        changes.fact(fact, -1)
    take_status(facts)
    changes.assets = after = BookAssets(book).load(names)
    for fact in coming:
        changes.fact(fact)
    turned = reclassify(book, names, before, after, changes, coming)
    since = earliest(facts, sooner(since, turned), after)
    if facts and turned:
        check(book, since, generations)
    for instrument, at in sorted(since.items(), key=lambda item: item[0].pk):
        replay(book, instrument, at, changes, generations)
    save_balances(book, changes)
    disturb(book, generations.waiting(since))


def check(book: Book, since: Since, generations: Generations) -> None:
    """Raises TooMuchAtOnce where these pairs wait, or are to."""
    if generations.waiting(since) or too_many(book, since):
        raise TooMuchAtOnce(since)


def earliest(
    facts: Iterable[Fill | Transfer], pairs: Since, assets: BookAssets
) -> dict[Instrument, datetime]:
    """Since when each pair that these facts touch must be matched again."""
    since = dict(pairs)
    for fact in facts:
        at = time_of(fact)
        for instrument in touched(fact, assets):
            since[instrument] = min(at, since.get(instrument, at))
    return since


def sooner(since: Since, turned: Since) -> dict[Instrument, datetime]:
    """Since the earlier of both, pair by pair."""
    return {
        pair: min(times[pair] for times in (since, turned) if pair in times)
        for pair in {**since, **turned}
    }


def _sign(fact: Fill | Transfer) -> int:
    """1 for a fact that comes to count, -1 for one that ceases to."""
    return (fact.becomes in STANDING) - (fact.status in STANDING)


def take_status(facts: Iterable[Fill | Transfer]) -> None:
    """Let them be what they become; in as many queries as there are statuses and IDS rows."""
    for (model, status), ids in _by_becoming(facts).items():
        for some in batched(ids, IDS):
            rows = model._default_manager.filter(pk__in=some)
            rows.update(status=status, becomes="")


def say_what_becomes(facts: Iterable[Fill | Transfer]) -> None:
    """Store it: they wait."""
    for (model, status), ids in _by_becoming(facts).items():
        for some in batched(ids, IDS):
            model._default_manager.filter(pk__in=some).update(becomes=status)


def say_what_became(facts: Iterable[Fill | Transfer]) -> None:
    """Of what is stored already, in the rows at hand."""
    for fact in facts:
        fact.status, fact.becomes = FactStatus(fact.becomes), ""


def _by_becoming(
    facts: Iterable[Fill | Transfer],
) -> dict[tuple[type[Fill | Transfer], str], list[int]]:
    ids: dict[tuple[type[Fill | Transfer], str], list[int]] = defaultdict(list)
    for fact in facts:
        ids[type(fact), fact.becomes].append(fact.pk)
    return ids
