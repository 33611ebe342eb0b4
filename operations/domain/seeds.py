"""The rules as they come with the product; people change the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from operations.domain.alerting import Severity

ERROR_RATE, LATENCY, MEMORY, DATABASE, DISK, DISK_FULL = (
    "error-rate",
    "latency-p95",
    "memory",
    "database",
    "disk",
    "disk-full",
)
# What should have happened, and did not.
BACKUP_STALE, DRILL_STALE, WORKER_STALE, BEAT_STALE, WATCH_STALE = (
    "backup-stale",
    "restore-drill-stale",
    "worker-stale",
    "beat-stale",
    "watch-stale",
)
WEB, SERVE, QUEUE_STUCK, JOB_FAILING, BROKER, UNDELIVERED, AUDIT_LOG = (
    "web",
    "serve",
    "queue-stuck",
    "job-failing",
    "broker",
    "undelivered",
    "audit-log-broken",
)
PERCENTAGES = frozenset({ERROR_RATE, MEMORY, DISK, DISK_FULL})
# There are no halves of these.
COUNTS = frozenset({DATABASE, WEB, SERVE, JOB_FAILING, BROKER, UNDELIVERED, AUDIT_LOG})
# Of these a single one is too much, whatever people think of it.
FIXED = frozenset({WEB, SERVE, BROKER, AUDIT_LOG})
# Least and most of a threshold with which a rule still means something: signs of life
# come every 15 s, drills once a day.
BOUNDS = {
    DATABASE: (0, 10),
    BACKUP_STALE: (0, 168),
    DRILL_STALE: (25, 744),
    WORKER_STALE: (30, 3600),
    BEAT_STALE: (30, 3600),
    WATCH_STALE: (30, 3600),
    QUEUE_STUCK: (60, 86_400),
    JOB_FAILING: (0, 10),
    UNDELIVERED: (0, 10),
}


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A rule; `for_seconds` is how long it must be breached before it fires."""

    name: str
    title: str
    severity: Severity
    threshold: Decimal
    unit: str
    for_seconds: int


def _seed(
    name: str, title: str, severity: Severity, threshold: int, unit: str, wait: int
) -> Seed:
    return Seed(
        name=name,
        title=title,
        severity=severity,
        threshold=Decimal(threshold),
        unit=unit,
        for_seconds=wait,
    )


P0, P1, P2 = Severity.P0, Severity.P1, Severity.P2
SEEDS = (
    _seed(ERROR_RATE, "High error rate", P1, 5, "%", 30),
    _seed(LATENCY, "Slow answers (P95)", P2, 500, "ms", 30),
    _seed(MEMORY, "High memory usage", P2, 80, "%", 30),
    _seed(DATABASE, "Database connection failures", P0, 0, "failures", 0),
    # Web processes and workers start together: the first looks come too early.
    _seed(WEB, "The product does not answer", P0, 0, "failures", 30),
    _seed(SERVE, "Nobody starts again what ends", P1, 0, "failures", 30),
    _seed(DISK, "Disk fills up", P1, 90, "%", 30),
    _seed(DISK_FULL, "Disk is nearly full", P0, 97, "%", 0),
    # Past BACKUP_FREQUENCY. A product that was off for long catches up first.
    _seed(BACKUP_STALE, "Backup is overdue", P1, 2, "h", 900),
    _seed(DRILL_STALE, "No restore drill has succeeded lately", P2, 48, "h", 1800),
    _seed(WORKER_STALE, "No worker gives a sign of life", P1, 60, "s", 30),
    _seed(BEAT_STALE, "Beat gives no sign of life", P2, 60, "s", 30),
    _seed(WATCH_STALE, "Watch gives no sign of life", P1, 60, "s", 30),
    _seed(QUEUE_STUCK, "Queued work does not begin", P1, 600, "s", 30),
    _seed(JOB_FAILING, "A job fails", P2, 0, "failures", 30),
    _seed(BROKER, "The broker takes no messages", P2, 0, "failures", 60),
    # A mail server that is away for a moment is asked again for ten minutes.
    _seed(UNDELIVERED, "Messages do not arrive", P1, 0, "messages", 600),
    _seed(AUDIT_LOG, "The audit log does not hold", P0, 0, "faults", 0),
)
UNITS = {seed.name: seed.unit for seed in SEEDS}
TITLES = {seed.name: seed.title for seed in SEEDS}
