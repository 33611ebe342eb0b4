"""Keeping what browsers report: each kind once, and few of them.

Anybody may report, so what is kept is bounded by the number of rows, not by trust.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from operations.domain.violations import Violation
from operations.models import PolicyViolation

MOST = 1_000
# Writers that see each other's rows only afterwards: they must not make it more.
SIMULTANEOUS = 50
ROOM = MOST - SIMULTANEOUS
KEPT = timedelta(days=40)


@transaction.atomic
def record(reported: Iterable[Violation], at: datetime) -> None:
    """Count what is known, keep what is new; the kinds met least often, and of those
    the longest unseen, make room."""
    # In one order, so that no two writers wait for each other.
    kinds = sorted(Counter(reported).items(), key=lambda pair: pair[0].digest)
    new = False
    for violation, times in kinds:
        if not _count(violation, times, at):
            try:
                _keep(violation, times, at)
                new = True
            except IntegrityError:  # somebody reported the same at the same time
                _count(violation, times, at)
    if new:
        _make_room({violation.digest for violation, _ in kinds})


def _count(violation: Violation, times: int, at: datetime) -> int:
    known = PolicyViolation.objects.filter(digest=violation.digest)
    return known.update(times=F("times") + times, last_at=at)


@transaction.atomic
def _keep(violation: Violation, times: int, at: datetime) -> None:
    PolicyViolation.objects.create(
        digest=violation.digest,
        directive=violation.directive,
        blocked=violation.blocked,
        page=violation.page,
        source=violation.source,
        line=violation.line,
        times=times,
        first_at=at,
        last_at=at,
    )


def _make_room(come: set[str]) -> None:
    """Keep what has just come, and of the others what was met most often."""
    others = PolicyViolation.objects.exclude(digest__in=come)
    often = others.order_by("-times", "-last_at", "-pk").select_for_update(
        skip_locked=True
    )
    beyond = list(often.values_list("pk", flat=True)[ROOM - len(come) :])
    PolicyViolation.objects.filter(pk__in=beyond).delete()


def forget(at: datetime) -> int:
    """Delete what nobody has met for 40 days; how many."""
    return PolicyViolation.objects.filter(last_at__lt=at - KEPT).delete()[0]
