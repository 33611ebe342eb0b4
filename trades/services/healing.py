"""Facts get the worth that they wait for, and what follows from it, when somebody says
what it was; and another where what they had it from was voided, or divided by another
split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from django.db import transaction
from django.db.models import Q

from operations.services import scheduler
from trades.models import Book, Fill, Instrument, Transfer, Valuation
from trades.queries.appraisal import Estimate, appraise
from trades.queries.assets import BookAssets
from trades.queries.facts import ROWS
from trades.queries.generations import Generations
from trades.queries.unvalued import unvalued_fills, unvalued_transfers
from trades.services import waiting
from trades.services.books import MICROSECOND, locked, moment
from trades.services.cash import BalanceChanges, save_balances
from trades.services.pairs import undone_by
from trades.services.rematching import earliest, settle
from trades.services.valuing import keep, worth_of_fees
from trades.services.waiting import JOB, postpone_market

Fact: TypeAlias = Fill | Transfer
Source: TypeAlias = tuple[str, int | None, int | None, Decimal | None]
"""Currency, price, fill, and the worth that they gave: splits divide it, too."""


def heal(book: Book) -> int:
    """Value what of the book can be valued now; how many facts got another worth.

    Looks without the book's lock, and takes it for each page that changes anything.
    Where too much would be matched again the worths are only written down, and count
    when the job that is asked for at the end has matched their pairs.
    """
    healing = Healing(book)
    for fills in unvalued_fills(book):
        healing.revalue(fills, ())
    for transfers in unvalued_transfers(book, BookAssets(book)):
        healing.revalue((), transfers)
    if healing.waits:
        scheduler.request(JOB, str(book.pk), {"book": str(book.pk)})
        scheduler.request_following("book", str(book.pk))
    return healing.changed


@dataclass
class Healing:
    """One run through a book: how many facts got another worth, whether pairs wait for
    the job now, and how many matches may still be undone at once."""

    book: Book
    changed: int = 0
    waits: bool = False
    left: int = field(default_factory=lambda: waiting.MOST_AT_ONCE)

    def revalue(self, fills: Sequence[Fill], transfers: Sequence[Transfer]) -> None:
        if not _changes(self.book, fills, transfers, BookAssets(self.book))[0]:
            return
        with transaction.atomic():
            self._revalue(fills, transfers)

    def _revalue(self, fills: Sequence[Fill], transfers: Sequence[Transfer]) -> None:
        book = locked(self.book)
        assets = BookAssets(book)
        facts, estimates = _changes(book, *_standing(fills, transfers), assets)
        if not facts:
            return
        now, since = moment(book), earliest(_matched(facts), {}, assets)
        _forget(book, facts, estimates, now)
        keep(book, estimates, now)
        self.changed += len(facts)
        if Generations(book).waiting(since) or not self._spend(since):
            postpone_market([book], since, now - MICROSECOND)
            self.waits = True
        else:
            _follow(book, facts, estimates, assets, since)

    def _spend(self, since: Mapping[Instrument, datetime]) -> bool:
        """Whether that much may still be undone at once; then it is taken off."""
        undone = undone_by(self.book, since, self.left)
        if undone > self.left:
            return False
        self.left -= undone
        return True


def _matched(facts: Iterable[Fact]) -> list[Fact]:
    """Those whose worth is in lots, matches or trips."""
    return [fact for fact in facts if isinstance(fact, Fill) or not fact.external]


def _standing(
    fills: Sequence[Fill], transfers: Sequence[Transfer]
) -> tuple[list[Fill], list[Transfer]]:
    """Those that count still, as they are now."""
    kept = Fill.objects.standing().filter(pk__in=[fill.pk for fill in fills])
    moved = Transfer.objects.standing().filter(pk__in=[row.pk for row in transfers])
    return (
        list(kept.select_related("instrument")),
        list(moved.select_related("instrument")),
    )


def _changes(
    book: Book,
    fills: Sequence[Fill],
    transfers: Sequence[Transfer],
    assets: BookAssets,
) -> tuple[list[Fact], list[Estimate]]:
    """The facts whose worth is another now, with what it is (nothing: unknown)."""
    facts: list[Fact] = [*fills, *transfers]
    by_fact: dict[Fact, list[Estimate]] = defaultdict(list)
    for estimate in appraise(book, fills, transfers, assets):
        by_fact[estimate.fact].append(estimate)
    kept = _kept_sources(fills, transfers)
    changed = [fact for fact in facts if _sources(by_fact[fact]) != kept[fact]]
    return changed, [estimate for fact in changed for estimate in by_fact[fact]]


def _sources(estimates: Iterable[Estimate]) -> set[Source]:
    return {
        (estimate.currency, mark.price_id, mark.fill_id, estimate.value)
        for estimate in estimates
        for mark in estimate.marks
    }


def _kept_sources(
    fills: Sequence[Fill], transfers: Sequence[Transfer]
) -> Mapping[Fact, set[Source]]:
    """What the worth of each that counts was read from."""
    rows = (
        Valuation.objects.filter(Q(fill__in=fills) | Q(transfer__in=transfers))
        .select_related("fill", "transfer")
        .prefetch_related("prices", "fills")
        .order_by("id")
    )
    newest = {(row.fill or row.transfer, row.currency): row for row in rows}
    sources: dict[Fact, set[Source]] = defaultdict(set)
    for (fact, currency), row in newest.items():
        if fact is not None and row.value is not None:
            value = row.value
            prices, fills_read = row.prices.all(), row.fills.all()
            sources[fact] |= {(currency, price.pk, None, value) for price in prices}
            sources[fact] |= {(currency, None, fill.pk, value) for fill in fills_read}
    return sources


def _forget(
    book: Book,
    facts: Sequence[Fact],
    estimates: Sequence[Estimate],
    now: datetime,
) -> None:
    """Say of facts that had a worth and have none any more that it is not known."""
    known = {(estimate.fact, estimate.currency) for estimate in estimates}
    fills = [fact for fact in facts if isinstance(fact, Fill)]
    moves = [fact for fact in facts if isinstance(fact, Transfer)]
    had = Valuation.objects.filter(Q(fill__in=fills) | Q(transfer__in=moves))
    valued = {
        (row.fill or row.transfer, row.currency): row
        for row in had.select_related("fill", "transfer")
    }
    Valuation.objects.bulk_create(
        Valuation(
            book=book,
            fill=row.fill,
            transfer=row.transfer,
            currency=currency,
            value=None,
            priced_at=None,
            recorded_at=now,
        )
        for (fact, currency), row in valued.items()
        if (fact, currency) not in known
    )


def _follow(
    book: Book,
    facts: Sequence[Fact],
    estimates: Sequence[Estimate],
    assets: BookAssets,
    since: Mapping[Instrument, datetime],
) -> None:
    """Fees join their fills and sums, and the pairs that lots or trips of these facts
    are in are matched again."""
    values = worth_of_fees(estimates)
    changes = BalanceChanges(book, assets)
    fills = [fact for fact in facts if isinstance(fact, Fill)]
    for fill in fills:
        changes.revalued(fill, values.get(fill.pk))
    Fill.objects.bulk_update(fills, ["fee_value"], batch_size=ROWS)
    save_balances(book, changes)
    settle(book, pairs=since)
