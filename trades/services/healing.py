"""Facts get the worth that they wait for, and what follows from it, when somebody says
what it was; and another where what they had it from was voided, or divided by another
split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from django.db import transaction
from django.db.models import Q

from trades.models import Book, Fill, Instrument, Transfer, Valuation
from trades.queries.appraisal import Estimate, appraise
from trades.queries.assets import BookAssets
from trades.queries.facts import ROWS, time_of, touched
from trades.queries.unvalued import unvalued_fills, unvalued_transfers
from trades.services.books import locked, moment
from trades.services.cash import BalanceChanges, save_balances
from trades.services.rematching import settle
from trades.services.valuing import fee_values, keep

Fact: TypeAlias = Fill | Transfer
Source: TypeAlias = tuple[str, int | None, int | None, Decimal | None]
"""Currency, price, fill, and the worth that they gave: splits divide it, too."""


def heal(book: Book) -> int:
    """Value what of the book can be valued now; how many facts got another worth.

    Looks without the book's lock, and takes it for each page that changes anything.
    """
    assets = BookAssets(book)
    changed = 0
    for fills in unvalued_fills(book):
        changed += _revalue(book, fills, ())
    for transfers in unvalued_transfers(book, assets):
        changed += _revalue(book, (), transfers)
    return changed


def _revalue(book: Book, fills: Sequence[Fill], transfers: Sequence[Transfer]) -> int:
    if not _changes(book, fills, transfers, BookAssets(book))[0]:
        return 0
    with transaction.atomic():
        book = locked(book)
        assets = BookAssets(book)
        facts, estimates = _changes(book, *_standing(fills, transfers), assets)
        if facts:
            now = moment(book)
            keep(book, estimates, now)
            _forget(book, facts, estimates, now)
            _follow(book, facts, estimates, assets)
        return len(facts)


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
    for fact in facts:
        for currency in set(fact.valuations.values_list("currency", flat=True)):
            if (fact, currency) not in known:
                Valuation.objects.create(
                    book=book,
                    fill=fact if isinstance(fact, Fill) else None,
                    transfer=None if isinstance(fact, Fill) else fact,
                    currency=currency,
                    value=None,
                    priced_at=None,
                    recorded_at=now,
                )


def _follow(
    book: Book,
    facts: Sequence[Fact],
    estimates: Sequence[Estimate],
    assets: BookAssets,
) -> None:
    """Fees join their fills and sums, and the pairs that lots or trips of these facts
    are in are matched again."""
    values = fee_values(estimates)
    changes = BalanceChanges(book, assets)
    since: dict[Instrument, datetime] = {}
    fills = [fact for fact in facts if isinstance(fact, Fill)]
    for fill in fills:
        changes.revalued(fill, values.get(fill.pk))
    Fill.objects.bulk_update(fills, ["fee_value"], batch_size=ROWS)
    save_balances(book, changes)
    income = [
        fact for fact in facts if isinstance(fact, Transfer) and not fact.external
    ]
    remade: list[Fact] = [*fills, *income]
    for fact in remade:
        at = time_of(fact)
        for instrument in touched(fact, assets):
            since[instrument] = min(at, since.get(instrument, at))
    settle(book, pairs=since)
