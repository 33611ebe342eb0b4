"""How it went over a whole window, from what was kept minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from kernel.display import plural
from kernel.registry import Measurement, Params, probe
from operations.domain import windows
from operations.domain.windows import WINDOW_SLOTS, Counts
from operations.models import Minute, ProbeResult
from operations.probes.until import moment_of
from operations.services.minutes import WEB

HOURS = 24
COVERED = Decimal("0.95")
UNKEPT = {
    "memory": "memory is not kept minute by minute",
    "cpu": "CPU is not kept minute by minute",
    "cache_hit": "look-ups of the cache are not kept minute by minute",
}


@probe(
    "window",
    title="How it went over a whole day",
    freshness=timedelta(hours=24),
    every=timedelta(hours=1),
)
def window(params: Params) -> Measurement:
    """`metric` over the `hours` (24) before `until` (now), of which 95 % must be known:
    error_rate (%), latency_p95 (ms, at most), health (looks at /health that found a
    fault)."""
    metric, hours = params.get("metric", "error_rate"), int(params.get("hours", HOURS))
    if not 1 <= hours <= 24 * 40:
        raise ValueError("hours is 1 to 960: minutes are kept no longer")
    if metric in UNKEPT:
        return Measurement.uncollected(UNKEPT[metric])
    end = moment_of(params)
    start = end - timedelta(hours=hours)
    if metric == "health":
        return _health(start, end, hours)
    if metric not in COUNTED:
        raise ValueError(f"metric is one of {', '.join([*COUNTED, *UNKEPT, 'health'])}")
    rows = Minute.objects.filter(
        series=WEB, at__gte=start, at__lt=end, slots_read=WINDOW_SLOTS
    )
    values = list(rows.values_list("values", flat=True))
    if unknown := _unknown(len(values), hours):
        return unknown
    return COUNTED[metric](windows.total(values))


def _error_rate(counts: Counts) -> Measurement:
    value = windows.error_percent(counts)
    return Measurement(str(value), f"of {plural(counts.requests, 'request')}", "%")


def _latency(counts: Counts) -> Measurement:
    value = windows.percentile_ms(counts, Decimal("0.95"))
    if value is None:
        slowest = windows.BOUNDS_MS[-1]
        if not counts.requests:
            return Measurement.uncollected("nobody asked for anything")
        return Measurement(str(slowest + 1), f"more than {slowest} ms", "ms")
    return Measurement(
        str(value), f"at most, of {plural(counts.requests, 'request')}", "ms"
    )


COUNTED: dict[str, Callable[[Counts], Measurement]] = {
    "error_rate": _error_rate,
    "latency_p95": _latency,
}


def _health(start: datetime, end: datetime, hours: int) -> Measurement:
    """By the results of probe `health`: one a minute for two days, then one an hour
    and each that differs, which covers no minute."""
    rows = ProbeResult.objects.filter(
        name="health",
        environment=settings.RRR_ENV,
        observed_at__gte=start,
        observed_at__lt=end,
    ).values_list("observed_at", "value")
    minutes = {at.replace(second=0, microsecond=0) for at, _ in rows}
    if unknown := _unknown(len(minutes), hours):
        return unknown
    bad = sum(value != "0" for _, value in rows)
    return Measurement(str(bad), f"of {len(rows):,} looks found a fault", "faults")


def _unknown(minutes: int, hours: int) -> Measurement | None:
    share = Decimal(minutes) / (hours * 60)
    if share >= COVERED:
        return None
    return Measurement.uncollected(
        f"{share:.1%} of {hours} h are known, {COVERED:.0%} are needed"
    )
