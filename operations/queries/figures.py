"""What a scrape of /metrics reads from the database: no process keeps these."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError
from django.db.models import Count
from django.utils import timezone
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from audit import queries as audit
from operations.models import Heartbeat, Job, JobRun, Notice


class DatabaseFigures:
    """A Prometheus collector. With the database down there is only
    `rrr_database_up 0`; everything else of the scrape still answers."""

    def collect(self) -> Iterator[Metric]:
        try:
            figures = [*_audit(), *_jobs(), *_heartbeats(), *_outbox()]
        except DatabaseError:
            figures = []
        yield GaugeMetricFamily(
            "rrr_database_up", "1 when the database answered.", value=int(bool(figures))
        )
        yield from figures


def _audit() -> Iterator[Metric]:
    head = audit.head()
    yield GaugeMetricFamily("audit_log_size", "Events in the log.", value=head.size)
    # A float holds 53 bits exactly: enough of the root to see two copies differ.
    yield GaugeMetricFamily(
        "audit_log_root48",
        "The first 48 bits of the log's root.",
        value=int(head.root[:12], 16),
    )


def _jobs() -> Iterator[Metric]:
    failures = GaugeMetricFamily(
        "rrr_job_consecutive_failures", "Failed runs in a row.", labels=["job"]
    )
    last_ok = GaugeMetricFamily(
        "rrr_job_last_success_timestamp_seconds", "Unix time.", labels=["job"]
    )
    for job in Job.objects.order_by("name"):
        failures.add_metric([job.name], job.consecutive_failures)
        if job.last_ok:
            last_ok.add_metric([job.name], job.last_ok.timestamp())
    yield failures
    yield last_ok
    unfinished = dict.fromkeys(JobRun.UNFINISHED, 0)
    rows = JobRun.objects.filter(state__in=JobRun.UNFINISHED).values_list("state")
    for state, number in rows.annotate(n=Count("pk")).values_list("state", "n"):
        unfinished[JobRun.State(state)] = number
    runs = GaugeMetricFamily("rrr_job_runs", "Unfinished runs.", labels=["state"])
    for state, number in unfinished.items():
        runs.add_metric([state], number)
    yield runs


def _heartbeats() -> Iterator[Metric]:
    now = timezone.now()
    ages = GaugeMetricFamily(
        "rrr_heartbeat_age_seconds", "Since the sign of life.", labels=["process"]
    )
    for row in Heartbeat.objects.order_by("name"):
        ages.add_metric([row.name], (now - row.beaten_at).total_seconds())
    yield ages


def _outbox() -> Iterator[Metric]:
    notices = GaugeMetricFamily("rrr_notices", "Notices by state.", labels=["state"])
    rows = Notice.objects.values("state").annotate(n=Count("pk")).order_by("state")
    for row in rows:
        notices.add_metric([row["state"]], row["n"])
    yield notices
