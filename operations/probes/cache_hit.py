"""How often the answer to a hot read was there already."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from kernel import http
from kernel.registry import Measurement, Params, probe
from operations.models import ProbeResult

FAMILY = "rrr_cache_lookups"
LEAST = 1_000
WINDOW = timedelta(minutes=15)


@probe(
    "cache_hit",
    title="How often an answer was there already",
    freshness=timedelta(minutes=15),
    every=timedelta(minutes=5),
)
def cache_hit(params: Params) -> Measurement:
    """Per cent of the look-ups since the result before last quarter of an hour (or
    since the web processes began), of at least 1,000; people's and programs' reads
    only, none of our own."""
    if not settings.METRICS_TOKEN:
        return Measurement.unset("METRICS_TOKEN")
    hits, lookups = _counted()
    facts = {"hits": f"{hits:.0f}", "lookups": f"{lookups:.0f}"}
    old_hits, old_lookups = _before()
    if old_lookups <= lookups and old_hits <= hits:  # else: started anew
        hits, lookups = hits - old_hits, lookups - old_lookups
    if lookups < LEAST:
        text = f"{lookups:.0f} look-ups, {LEAST:,} are needed"
        return Measurement(None, text, "%", facts, error=text)
    share = f"{100 * hits / lookups:.1f}"
    return Measurement(share, f"of {lookups:,.0f} look-ups", "%", facts)


def _counted() -> tuple[float, float]:
    headers = {"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    answer = http.own("/metrics", headers=headers)
    if answer.status != 200:
        raise LookupError(f"/metrics answers {answer.status} to its own token")
    by_result: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        if family.name == FAMILY:
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    by_result[sample.labels["result"]] = sample.value
    return by_result.get("hit", 0.0), sum(by_result.values())


def _before() -> tuple[float, float]:
    """What was counted when the window began."""
    at = timezone.now() - WINDOW
    earlier = ProbeResult.objects.filter(
        name="cache_hit", environment=settings.RRR_ENV, observed_at__lte=at
    ).order_by("-observed_at", "-pk")
    for facts in earlier.values_list("facts", flat=True)[:1]:
        return float(facts.get("hits", 0)), float(facts.get("lookups", 0))
    return 0.0, 0.0
