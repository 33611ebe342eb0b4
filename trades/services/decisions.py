"""Decisions of models: recorded with the trades that they caused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from kernel.numbers import whole_number
from trades.domain.facts import NewDecision
from trades.models import Book, Decision
from trades.queries.facts import IDS, ROWS


def save_decisions(book: Book, new: Sequence[NewDecision], now: datetime) -> int:
    before = Decision.objects.filter(book=book).count() if new else 0
    rows = [
        Decision(
            book=book,
            external_id=decision.external_id,
            model=decision.model,
            model_version=decision.model_version,
            strategy=decision.strategy,
            symbol=decision.symbol,
            direction=decision.direction,
            confidence=decision.confidence,
            price_target=decision.price_target,
            horizon=decision.horizon,
            features=dict(decision.features),
            inputs_digest=decision.inputs_digest,
            reasoning=decision.reasoning,
            risk_checks=[dict(check) for check in decision.risk_checks],
            decided_at=decision.decided_at,
            recorded_at=now,
        )
        for decision in new
    ]
    Decision.objects.bulk_create(rows, ignore_conflicts=True, batch_size=ROWS)
    return Decision.objects.filter(book=book).count() - before if new else 0


def decision_ids(book: Book, names: Collection[str]) -> dict[str, int]:
    """{external id or id as given: id} of this book's decisions."""
    ids: dict[str, int] = {}
    ordered = sorted(names)
    for start in range(0, len(ordered), IDS):
        part = ordered[start : start + IDS]
        numbers = [pk for name in part if (pk := whole_number(name)) is not None]
        rows = Decision.objects.filter(book=book)
        ids.update(
            (str(pk), pk)
            for pk in rows.filter(pk__in=numbers).values_list("pk", flat=True)
        )
        ids.update(rows.filter(external_id__in=part).values_list("external_id", "pk"))
    return ids
