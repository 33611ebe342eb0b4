"""Matching again: what follows when facts change that are not the last of their pair.

A pair is a book's instrument. Whoever voids, corrects, undoes or reads facts anew
says which status they take (`becomes`) or which pairs mean something else since when,
and calls `settle`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from kernel.cache import bump
from operations.services import scheduler
from trades.models import STANDING, Book, FactStatus, Fill, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import IDS, assets_of, time_of, touched
from trades.services.cash import BalanceChanges, save_balances
from trades.services.pairs import replay
from trades.services.reclassifying import reclassify

Row = TypeVar("Row", Fill, Transfer)
Since: TypeAlias = Mapping[Instrument, datetime]


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

    True when all of it is done; False where a job has yet to match again.
    """
    facts: list[Fill | Transfer] = [*fills, *transfers]
    ceasing = [fact for fact in facts if _sign(fact) < 0]
    coming = [fact for fact in facts if _sign(fact) > 0]
    names = assets_of(facts)
    before = BookAssets(book).load(names)
    changes = BalanceChanges(book, before)
    since = earliest(facts, pairs or {}, before)
    for fact in ceasing:
        changes.fact(fact, -1)
    _take_status(Fill, fills)
    _take_status(Transfer, transfers)
    changes.assets = after = BookAssets(book).load(names)
    for fact in coming:
        changes.fact(fact)
    turned = reclassify(book, names, before, after, changes, coming)
    since = earliest(facts, sooner(since, turned), after)
    for instrument, at in sorted(since.items(), key=lambda item: item[0].pk):
        replay(book, instrument, at, changes)
    save_balances(book, changes)
    scheduler.request_following("book", str(book.pk))
    bump(f"book:{book.pk}")
    return True


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


def _take_status(model: type[Row], facts: Sequence[Row]) -> None:
    """In as many queries as there are statuses and IDS rows."""
    by_status: dict[str, list[int]] = defaultdict(list)
    for fact in facts:
        by_status[fact.becomes].append(fact.pk)
        fact.status, fact.becomes = FactStatus(fact.becomes), ""
    for status, ids in by_status.items():
        for start in range(0, len(ids), IDS):
            rows = model._default_manager.filter(pk__in=ids[start : start + IDS])
            rows.update(status=status, becomes="")
