"""What facts were worth at their time is written once beside them, and anew where
what it was read from counts no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from trades.models import Book, Fill, Transfer, Valuation
from trades.queries.appraisal import Estimate, appraise
from trades.queries.assets import BookAssets
from trades.queries.facts import ROWS


def value_new(
    book: Book,
    fills: Sequence[Fill],
    transfers: Sequence[Transfer],
    assets: BookAssets,
    now: datetime,
) -> None:
    """Value what new facts were worth. They are stored; a fee's worth that follows
    from another currency's is written into its fill."""
    foreign = [fill for fill in fills if fill.fee_is_foreign]
    estimates = appraise(book, foreign, transfers, assets)
    keep(book, estimates, now)
    values = worth_of_fees(estimates)
    changed = [fill for fill in foreign if fill.fee_value != values.get(fill.pk)]
    for fill in changed:
        fill.fee_value = values.get(fill.pk)
    Fill.objects.bulk_update(changed, ["fee_value"], batch_size=ROWS)


def worth_of_fees(estimates: Iterable[Estimate]) -> dict[int, Decimal]:
    """What fees are worth in their fills' own quote, by fill id."""
    return {
        estimate.fact.pk: estimate.value
        for estimate in estimates
        if isinstance(estimate.fact, Fill)
        and estimate.currency == estimate.fact.instrument.quote
    }


def keep(book: Book, estimates: Sequence[Estimate], now: datetime) -> None:
    """Append valuations with what they were read from."""
    rows = Valuation.objects.bulk_create(
        (
            Valuation(
                book=book,
                fill=estimate.fact if isinstance(estimate.fact, Fill) else None,
                transfer=None if isinstance(estimate.fact, Fill) else estimate.fact,
                currency=estimate.currency,
                value=estimate.value,
                priced_at=max(mark.at for mark in estimate.marks),
                recorded_at=now,
            )
            for estimate in estimates
        ),
        batch_size=ROWS,
    )
    prices, fills = Valuation.prices.through, Valuation.fills.through
    pairs = [
        (row, mark)
        for row, estimate in zip(rows, estimates, strict=True)
        for mark in estimate.marks
    ]
    prices.objects.bulk_create(
        (
            prices(valuation_id=row.pk, price_id=mark.price_id)
            for row, mark in pairs
            if mark.price_id is not None
        ),
        batch_size=ROWS,
        ignore_conflicts=True,
    )
    fills.objects.bulk_create(
        (
            fills(valuation_id=row.pk, fill_id=mark.fill_id)
            for row, mark in pairs
            if mark.fill_id is not None
        ),
        batch_size=ROWS,
        ignore_conflicts=True,
    )
