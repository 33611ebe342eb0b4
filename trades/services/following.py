"""What follows from new facts in their pairs and balances, in one transaction with
them: the newest only go on from what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trades.domain.ordering import Key
from trades.models import Book, Fill, Instrument, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import (
    PairRows,
    assets_of,
    facts_of,
    fill_key,
    last_key,
    touched,
    transfer_key,
)
from trades.queries.generations import Generations
from trades.queries.worth import worth_of
from trades.services.cash import BalanceChanges, save_balances
from trades.services.pairs import extend, replay
from trades.services.reclassifying import reclassify


@dataclass
class PairArrivals:
    """The new facts of one instrument in a book."""

    fills: list[Fill] = field(default_factory=list)
    fees: list[Fill] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)

    @property
    def first(self) -> Key:
        keys = [fill_key(fill) for fill in (*self.fills, *self.fees)]
        return min(keys + [transfer_key(transfer) for transfer in self.transfers])


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """New facts of a book, looked at before they count: `turned` are the pairs that
    mean something else with them, `late` all that must be matched again, and since
    when."""

    book: Book
    fills: Sequence[Fill]
    transfers: Sequence[Transfer]
    after: BookAssets
    changes: BalanceChanges
    by_pair: Mapping[Instrument, PairArrivals]
    turned: Mapping[Instrument, datetime]
    late: Mapping[Instrument, datetime]

    @classmethod
    def of(
        cls, book: Book, fills: Sequence[Fill], transfers: Sequence[Transfer]
    ) -> Arrivals:
        """Asked under the book's lock. Their instruments are loaded."""
        names = assets_of([*fills, *transfers])
        before = BookAssets(book).load(names)
        came = [move.instrument for move in transfers if move.to_book_id == book.pk]
        traded = [*(fill.instrument for fill in fills), *came]
        after = before.trading(pair for pair in traded if pair is not None)
        changes = BalanceChanges(book, after)
        turned = reclassify(book, names, before, after, changes)
        by_pair = _by_pair(fills, transfers, after)
        return cls(
            book=book,
            fills=fills,
            transfers=transfers,
            after=after,
            changes=changes,
            by_pair=by_pair,
            turned=turned,
            late=_late(book, by_pair, after, turned),
        )

    def touched(self, fact: Fill | Transfer) -> set[Instrument]:
        return touched(fact, self.after)

    def of_pairs(
        self, pairs: Collection[Instrument]
    ) -> tuple[list[Fill], list[Transfer]]:
        """The facts of these pairs."""
        return (
            [fill for fill in self.fills if self.touched(fill) & set(pairs)],
            [move for move in self.transfers if self.touched(move) & set(pairs)],
        )


def follow(news: Arrivals, generations: Generations) -> None:
    """Match the new facts and move the balances. The facts are stored by now, and
    count."""
    _match(news, generations)
    for fill in news.fills:
        news.changes.fill(fill, fill.instrument)
    for transfer in news.transfers:
        news.changes.transfer(transfer)
    save_balances(news.book, news.changes)


def _match(news: Arrivals, generations: Generations) -> None:
    book, changes = news.book, news.changes
    pairs = sorted({*news.by_pair, *news.late}, key=lambda instrument: instrument.pk)
    for instrument in pairs:
        if instrument in news.late:
            replay(book, instrument, news.late[instrument], changes, generations)
            continue
        facts = news.by_pair[instrument]
        rows = PairRows(
            fills=facts.fills,
            fees=facts.fees,
            transfers=facts.transfers,
            worth=worth_of(book, instrument, facts.transfers, fees=bool(facts.fees)),
        )
        ordered = facts_of(book, instrument, rows, changes.assets)
        extend(book, instrument, ordered, changes, generations)


def _by_pair(
    fills: Sequence[Fill], transfers: Sequence[Transfer], assets: BookAssets
) -> dict[Instrument, PairArrivals]:
    instruments: dict[int, Instrument] = {}  # a file has few of them
    news: dict[int, PairArrivals] = defaultdict(PairArrivals)
    for fill in fills:
        news[fill.instrument_id].fills.append(fill)
        instruments.setdefault(fill.instrument_id, fill.instrument)
        paid_by = assets.of_fee(fill)
        if paid_by is not None:
            news[paid_by.pk].fees.append(fill)
            instruments[paid_by.pk] = paid_by
    for transfer in transfers:
        for instrument in touched(transfer, assets):
            news[instrument.pk].transfers.append(transfer)
            instruments[instrument.pk] = instrument
    return {instruments[pk]: arrivals for pk, arrivals in news.items()}


def _late(
    book: Book,
    news: Mapping[Instrument, PairArrivals],
    assets: BookAssets,
    since: Mapping[Instrument, datetime],
) -> dict[Instrument, datetime]:
    """The pairs that must be matched again, and since when: those of `since`, and
    those in which a new fact is not the newest."""
    late = dict(since)
    for instrument, facts in news.items():
        first = facts.first
        if instrument in late:
            late[instrument] = min(late[instrument], first[0])
            continue
        last = last_key(book, instrument, assets)
        if last is not None and first < last:
            late[instrument] = first[0]
    return late
