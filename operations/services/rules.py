"""The rules that come with the product, and the thresholds that people give them."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.db.models import F

from accounts.models import User
from audit.services import append
from kernel.cache import bump
from kernel.errors import FieldError, Invalid, Stale
from kernel.numbers import text
from operations import queries
from operations.domain.rules import threshold_problem
from operations.domain.seeds import SEEDS
from operations.models import Rule
from operations.services.alerting import TAG


def ensure_rules() -> None:
    """The rules that come with the product, where they are missing."""
    for seed in SEEDS:
        Rule.objects.get_or_create(
            name=seed.name,
            defaults={
                "title": seed.title,
                "severity": seed.severity,
                "threshold": seed.threshold,
                "unit": seed.unit,
                "for_seconds": seed.for_seconds,
            },
        )


@transaction.atomic
def set_threshold(name: str, threshold: Decimal, *, revision: int, by: User) -> Rule:
    """Change a rule's threshold, given the revision that was seen.

    Raises NotFound, Invalid with the reason, or Stale with the current values.
    """
    rule = queries.rule(name)
    problem = threshold_problem(name, threshold)
    if problem:
        raise Invalid(
            f"threshold {problem}.",
            code="threshold",
            errors=[FieldError("/threshold", "threshold", problem)],
        )
    won = Rule.objects.filter(pk=rule.pk, revision=revision).update(
        threshold=threshold, revision=F("revision") + 1
    )
    if not won:
        raise _stale(rule)
    bump(TAG)
    append(
        "operations.rule.changed",
        actor=by.actor,
        object=f"rule:{name}",
        data={"threshold": {"from": text(rule.threshold), "to": text(threshold)}},
    )
    rule.refresh_from_db()
    return rule


def _stale(rule: Rule) -> Stale:
    threshold = text(rule.threshold)
    return Stale(
        f"The rule was changed meanwhile: its threshold is {threshold} "
        f"{rule.unit}, revision {rule.revision}.",
        current={"threshold": threshold, "revision": rule.revision},
    )
