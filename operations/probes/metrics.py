"""/metrics: closed to strangers, complete, and its counters grow."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from kernel import http
from kernel.registry import Measurement, Params, probe

FAMILIES = (
    "django_http_requests_before_middlewares",
    "django_http_responses_before_middlewares",
    "django_http_requests_latency_seconds_by_view_method",
    "django_http_responses_total_by_status",
    "rrr_database_up",
    "audit_log_size",
    "audit_log_root48",
    "rrr_job_consecutive_failures",
    "rrr_job_runs",
    "rrr_heartbeat_age_seconds",
)
# Each grows with every answer, whoever counts it.
COUNTERS = (
    "django_http_requests_before_middlewares",
    "django_http_responses_before_middlewares",
    "django_http_responses_total_by_status",
)


def _scrape() -> tuple[set[str], dict[str, float], bytes]:
    """The families' names and the sums of the counters."""
    answer = http.own(
        "/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    )
    if answer.status != 200:
        raise LookupError(f"/metrics answers {answer.status} to its own token")
    families = list(text_string_to_metric_families(answer.body.decode()))
    names = {family.name for family in families}
    counted = dict.fromkeys(COUNTERS, 0.0)
    for family in families:
        if family.name in counted:
            counted[family.name] = sum(
                sample.value
                for sample in family.samples
                if sample.name.endswith("_total")
            )
    return names, counted, answer.body


@probe(
    "metrics",
    title="/metrics is complete and counts",
    freshness=timedelta(minutes=15),
    every=timedelta(minutes=5),
)
def metrics(params: Params) -> Measurement:
    if not settings.METRICS_TOKEN:
        return Measurement.unset("METRICS_TOKEN")
    faults = []
    if (stranger := http.own("/metrics").status) != 401:
        faults.append(f"a stranger gets {stranger}")
    _, before, _ = _scrape()
    http.own("/health/live")
    names, after, raw = _scrape()
    faults += [f"{name} is missing" for name in FAMILIES if not _has(names, name)]
    faults += [
        f"{name} stands still at {after[name]:.0f}"
        for name in COUNTERS
        if after[name] <= before[name]
    ]
    return Measurement.of_faults(
        faults,
        f"{len(names)} families, {after[COUNTERS[0]]:.0f} requests counted",
        facts={"families": str(len(names))},
        # Forty kilobytes every five minutes: kept where there is something to find.
        raw=raw if faults else b"",
    )


def _has(names: set[str], name: str) -> bool:
    """A counter may be written with or without its `_total`."""
    return bool({name, f"{name}_total", name.removesuffix("_total")} & names)
