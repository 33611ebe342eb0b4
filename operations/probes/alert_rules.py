"""Each of the seed's alert rules fires and resolves on a synthetic series.

The series goes through the very service that judges the live one, in a transaction that
is taken back: nothing is told, and no alert remains.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from kernel.errors import NotFound
from kernel.numbers import text
from kernel.registry import Measurement, Params, probe
from operations import queries
from operations.domain import rules, seeds
from operations.domain.alerting import Reading
from operations.domain.windows import BOUNDS_MS, MINIMUM_REQUESTS, Counts
from operations.models import Alert, Rule
from operations.services import alerting

TARGET = "synthetic"
LOOK = timedelta(seconds=10)
RESOLVES_WITHIN = timedelta(seconds=60)
# What the checklist's lines name: a rule that was set higher does not do what it says.
MOST = {
    seeds.ERROR_RATE: Decimal(5),
    seeds.LATENCY: Decimal(500),
    seeds.MEMORY: Decimal(80),
    seeds.DATABASE: Decimal(0),
}
# `watch` judges the database's; the others are judged in each tick.
JUDGED_WITHIN = timedelta(minutes=5)


@probe(
    "alert_rules",
    title="Each alert rule fires and resolves on a synthetic series",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def alert_rules(params: Params) -> Measurement:
    """`rule` names one; without it all four. Counts rules that are missing, off, set
    higher than their line says, not judged lately, or that do not fire above, fire
    below or at their threshold, or do not resolve."""
    wanted = params.get("rule", "")
    if wanted and wanted not in MOST:
        return Measurement.uncollected(f"there is no rule {wanted} in the checklist")
    names = [wanted] if wanted else list(MOST)
    at = timezone.now()
    faults = [f"{name}: {fault}" for name in names for fault in _of_rule(name, at)]
    return Measurement.of_faults(
        faults, f"{', '.join(names)}: quiet at the threshold, fires above, resolves"
    )


def _of_rule(name: str, at: datetime) -> Iterator[str]:
    try:
        rule = queries.rule(name)
    except NotFound:
        yield "it does not exist"
        return
    if not rule.enabled:
        yield "it is off"
    if rule.threshold > MOST[name]:
        yield (
            f"it fires above {text(rule.threshold)} {rule.unit}, its line says "
            f"{text(MOST[name])}"
        )
    if rule.judged_at is None or at - rule.judged_at > JUDGED_WITHIN:
        yield "nobody has judged it within 5 minutes"
    quiet, loud = quiet_reading(rule), loud_reading(rule)
    if quiet.breached:
        yield "it is breached at its threshold"
    if not loud.breached:
        yield "it is not breached above its threshold"
        return
    yield from course_faults(rule, quiet, loud, at)


def quiet_reading(rule: Rule) -> Reading:
    """Exactly at the threshold, which is not above it."""
    at = rule.threshold
    if rule.name == seeds.ERROR_RATE:
        return rules.read_error_rate(_requests(errors=int(at * 100)), at)
    if rule.name == seeds.LATENCY:
        return rules.read_latency(_requests(slow=500, above=int(at)), at)
    return _figure(rule, at)


def loud_reading(rule: Rule) -> Reading:
    """A little above the threshold."""
    at = rule.threshold
    if rule.name == seeds.ERROR_RATE:
        return rules.read_error_rate(_requests(errors=int(at * 100) + 1), at)
    if rule.name == seeds.LATENCY:
        return rules.read_latency(_requests(slow=501, above=int(at)), at)
    return _figure(rule, at + 1)


def _figure(rule: Rule, value: Decimal) -> Reading:
    if rule.name == seeds.DATABASE:
        return rules.read_database(int(value), rule.threshold)
    return rules.read_above(seeds.MEMORY, TARGET, value, rule.threshold)


def _requests(*, errors: int = 0, slow: int = 0, above: int = BOUNDS_MS[0]) -> Counts:
    """10,000 requests, so that a hundredth of a percent is one."""
    counts = Counts(requests=500 * MINIMUM_REQUESTS, errors=errors, slots_read=6)
    counts.buckets[0] = counts.requests - slow
    counts.buckets[BOUNDS_MS.index(above) + 1] += slow
    return counts


def course_faults(rule: Rule, quiet: Reading, loud: Reading, at: datetime) -> list[str]:
    """What the product makes of the series, look by look."""
    with transaction.atomic():
        faults = list(_course(rule, quiet, loud, at))
        transaction.set_rollback(True)
    return faults


def _course(rule: Rule, quiet: Reading, loud: Reading, at: datetime) -> Iterator[str]:
    quiet, loud = (Reading(r.rule, TARGET, r.value, r.breached) for r in (quiet, loud))
    at = _looks(rule, quiet, at, LOOK * 6)
    if _state(rule) == Alert.State.FIRING:
        yield "it fires at its threshold"
    at = _looks(rule, loud, at, timedelta(seconds=rule.for_seconds) + 2 * LOOK)
    if _state(rule) != Alert.State.FIRING:
        yield f"it does not fire {rule.for_seconds} s above its threshold"
        return
    _looks(rule, quiet, at, RESOLVES_WITHIN)
    if _state(rule) != Alert.State.RESOLVED:
        yield "it does not resolve"


def _looks(rule: Rule, reading: Reading, at: datetime, length: timedelta) -> datetime:
    end = at + length
    while at <= end:
        alerting.apply(reading, rule, at)
        at += LOOK
    return at


def _state(rule: Rule) -> str:
    newest = Alert.objects.filter(rule=rule.name, target=TARGET).order_by("-pk").first()
    return str(newest.state) if newest else ""
