"""Recording: facts in, with everything that follows from them, in one transaction.

The same steps serve one fill from the API, a file and the demo data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.inserting import insert_rows
from operations.services import scheduler
from trades.domain.facts import NewBalance, NewDecision, NewFill, NewPrice, NewTransfer
from trades.models import (
    Book,
    FactStatus,
    Fill,
    ImportBatch,
    Strategy,
    Transfer,
)
from trades.queries.generations import Generations
from trades.services.books import locked, moment
from trades.services.decisions import save_decisions
from trades.services.facts import (
    fill_content,
    fill_rows,
    instruments_of,
    transfer_content,
    transfer_rows,
)
from trades.services.following import Arrivals, follow
from trades.services.prices import save_prices
from trades.services.repeats import refuse_clashes, sift
from trades.services.statements import save_statements
from trades.services.valuing import value_new
from trades.services.waiting import pairs_to_wait, postpone
from trades.services.words import note_unindexed


@dataclass(frozen=True, kw_only=True)
class Entries:
    """What is to be recorded in one book at once."""

    fills: Sequence[NewFill] = ()
    transfers: Sequence[NewTransfer] = ()
    prices: Sequence[NewPrice] = ()
    balances: Sequence[NewBalance] = ()
    decisions: Sequence[NewDecision] = ()


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What became of it: `fills` and `transfers` in the order given (known ones
    included), `new` counts by kind, `duplicates` how many were known already."""

    fills: list[Fill]
    transfers: list[Transfer]
    new: Mapping[str, int]
    duplicates: int
    recorded_at: datetime

    @property
    def anything(self) -> bool:
        return any(self.new.values())


def record(
    book: Book,
    entries: Entries,
    *,
    batch: ImportBatch | None = None,
    pointers: Sequence[str] = (),
    held: bool = False,
) -> Recording:
    """Write facts and what follows from them. The book is locked, the caller's
    transaction open. `pointers` name the fills in errors,
    and the transfers behind them. What is `held` only waits: whoever asks sees to
    what follows.

    Raises Conflict and Invalid before anything of it is visible.
    """
    now = moment(book)
    prices = 0
    if entries.prices:
        _, prices = save_prices(entries.prices, now, book.owner)
    instruments = instruments_of(book, entries.fills, entries.transfers)
    decisions = save_decisions(book, entries.decisions, now)
    rows = fill_rows(book, entries.fills, instruments, batch, now, pointers)
    fills = sift(book, rows, fill_content)
    refuse_clashes(fills, pointers)
    moved = transfer_rows(book, entries.transfers, instruments, batch, now)
    transfers = sift(book, moved, transfer_content)
    refuse_clashes(transfers, pointers[len(entries.fills) :])
    if held:
        news = Arrivals.of(book, fills.fresh, transfers.fresh)
        _store(news, fills.fresh, transfers.fresh, now, wait=True)
    else:
        _write(book, fills.fresh, transfers.fresh, now)
    given = len(entries.fills) + len(entries.transfers)
    return Recording(
        fills=fills.standing,
        transfers=transfers.standing,
        new={
            "fills": len(fills.fresh),
            "transfers": len(transfers.fresh),
            "prices": prices,
            "balances": save_statements(book, entries.balances, batch, now),
            "decisions": decisions,
        },
        duplicates=given - len(fills.fresh) - len(transfers.fresh),
        recorded_at=now,
    )


def _write(
    book: Book,
    fills: Sequence[Fill],
    transfers: Sequence[Transfer],
    now: datetime,
) -> None:
    """Insert new facts and what follows from them; those of pairs that are too long
    to be matched again at once wait for the job with their pairs."""
    news = Arrivals.of(book, fills, transfers)
    generations = Generations(book)
    wait = pairs_to_wait(news, generations)
    if wait:
        held_fills, held_transfers = news.of_pairs(wait)
        _store(news, held_fills, held_transfers, now, wait=True)
        postpone(book, wait)
        # By identity: those that are not stored yet have no key to compare.
        later = {id(fact) for fact in (*held_fills, *held_transfers)}
        fills = [fill for fill in fills if id(fill) not in later]
        transfers = [move for move in transfers if id(move) not in later]
        if not (fills or transfers):
            return
        news = Arrivals.of(book, fills, transfers)
    _store(news, fills, transfers, now)
    follow(news, generations)
    if fills or transfers:
        scheduler.request_following("book", str(book.pk))


def _store(
    news: Arrivals,
    fills: Sequence[Fill],
    transfers: Sequence[Transfer],
    now: datetime,
    *,
    wait: bool = False,
) -> None:
    if wait:
        for fact in (*fills, *transfers):
            fact.status, fact.becomes = FactStatus.REMATCHING, FactStatus.BOOKED
    insert_rows(fills)
    note_unindexed(news.book, fills)
    insert_rows(transfers)
    value_new(news.book, fills, transfers, news.after, now)
    save_strategies([*fills, *transfers])


def save_strategies(facts: Iterable[Fill | Transfer]) -> None:
    names = {fact.strategy for fact in facts} - {""}
    if names:
        Strategy.objects.bulk_create(
            (Strategy(name=name) for name in sorted(names)), ignore_conflicts=True
        )


def record_history(
    book: Book,
    fills: Sequence[NewFill],
    transfers: Sequence[NewTransfer],
    prices: Sequence[NewPrice],
    decisions: Sequence[NewDecision],
    by: User,
) -> Recording:
    """Record a whole history at once, with one event: the way of the demo data."""
    entries = Entries(
        fills=fills, transfers=transfers, prices=prices, decisions=decisions
    )
    with transaction.atomic():
        book = locked(book)
        recorded = record(book, entries)
        if recorded.anything:
            audit.append(
                "trades.rows.imported",
                actor=by.actor,
                object=group_object(recorded.fills)
                if recorded.fills
                else f"book:{book.pk}",
                data={kind: str(count) for kind, count in recorded.new.items()},
            )
    return recorded


def group_object(fills: Sequence[Fill]) -> str:
    """The audit object of fills booked by one call: `trade:7` or `trades:7-19`."""
    ids = [fill.pk for fill in fills]
    first, last = min(ids), max(ids)
    return f"trade:{first}" if first == last else f"trades:{first}-{last}"
