"""How many troubles woke somebody."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from kernel.registry import Measurement, Params, probe
from operations.domain.alerting import Severity
from operations.models import Alert, Rule
from operations.probes.until import moment_of

GRAVE = (Severity.P0, Severity.P1)
JUDGED = timedelta(minutes=5)


@probe(
    "incidents",
    title="How many alerts of P0 and P1 fired",
    freshness=timedelta(hours=24),
    every=timedelta(hours=1),
)
def incidents(params: Params) -> Measurement:
    """Alerts of P0 and P1 that fired, or were firing, within the `days` (7) before
    `until` (now). Rules that nobody judges, or that were switched off, would see none."""
    days = int(params.get("days", "7"))
    if not 1 <= days <= 40:
        raise ValueError("days is 1 to 40: alerts are kept no longer")
    now, end = timezone.now(), moment_of(params)
    unseen = Rule.objects.filter(severity__in=GRAVE).filter(
        Q(enabled=False) | Q(judged_at=None) | Q(judged_at__lt=now - JUDGED)
    )
    if names := sorted(unseen.values_list("name", flat=True)):
        return Measurement.uncollected(f"nobody looks: {', '.join(names[:5])}")
    start = end - timedelta(days=days)
    fired = Alert.objects.filter(severity__in=GRAVE, fired_at__lt=end).filter(
        Q(fired_at__gte=start) | Q(resolved_at=None) | Q(resolved_at__gte=start)
    )
    rules = sorted(set(fired.values_list("rule", flat=True)))
    count = fired.count()
    said = f"{', '.join(rules)}" if rules else f"none within {days} days"
    return Measurement(str(count), said, "incidents", {"days": str(days)})
