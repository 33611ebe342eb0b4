"""Is the product well? Each check is a small read with a time limit of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, connection

from audit import queries as audit
from kernel import redis
from operations.domain import health
from operations.domain.health import HealthCheck, Status
from operations.models import Heartbeat, ProbeResult, RestoreDrill
from operations.queries.backups import newest_good
from operations.queries.time_limit import TooSlow, within

DATABASE_SECONDS = 1.0
_STARTED_APART = time.time() - time.monotonic()


def _select_one() -> float:
    """How many milliseconds a fresh connection and SELECT 1 took."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return (time.perf_counter() - started) * 1000


def database() -> HealthCheck:
    try:
        return _answered("database", within(DATABASE_SECONDS, _select_one))
    except (DatabaseError, OSError, TooSlow) as error:
        return _database_fails("does not answer", error)


def _database_fails(how: str, error: Exception) -> HealthCheck:
    detail = f"{how}: {type(error).__name__}"
    return HealthCheck(name="database", status=Status.FAIL, detail=detail)


def _answered(name: str, milliseconds: float) -> HealthCheck:
    return health.measured(
        name,
        f"answers in {milliseconds:.1f} ms",
        late=False,
        observed=f"{milliseconds:.1f}",
        unit="ms",
    )


def cache() -> HealthCheck:
    started = time.perf_counter()
    try:
        redis.client().ping()
    except redis.FAILURES as error:
        reason = type(error).__name__
        return health.warn("cache", f"does not answer: {reason}; pages and API go on")
    return _answered("cache", (time.perf_counter() - started) * 1000)


def _heartbeats(kind: str, at: datetime) -> HealthCheck:
    rows = Heartbeat.objects.filter(kind=kind)
    ages = {row.name: (at - row.beaten_at).total_seconds() for row in rows}
    return health.heartbeats(kind, ages)


def backup_age(at: datetime) -> HealthCheck:
    newest = newest_good()
    seconds = _since(newest.finished_at if newest else None, at)
    limit = settings.BACKUP_FREQUENCY * 1.1
    return health.age("backup_age", seconds, limit, "backup")


def restore_drill_age(at: datetime) -> HealthCheck:
    newest = RestoreDrill.objects.filter(ok=True).order_by("-finished_at").first()
    seconds = _since(newest.finished_at if newest else None, at)
    return health.age(
        "restore_drill_age", seconds, health.DRILL_WITHIN, "restore drill"
    )


def _since(done: datetime | None, at: datetime) -> float | None:
    return (at - done).total_seconds() if done else None


def audit_log() -> HealthCheck:
    """The head is readable, no shorter than when it was last verified, and that
    verification (probe audit_log) found nothing wrong."""
    try:
        size = audit.head().size
    except ValueError as error:
        detail = f"the head does not hold: {error}"
        return HealthCheck(name="audit_log", status=Status.FAIL, detail=detail)
    status, detail = _audit_verdict(size, _newest_result("audit_log"))
    return HealthCheck(
        name="audit_log",
        status=status,
        detail=detail,
        observed=str(size),
        unit="events",
    )


def _audit_verdict(size: int, verified: ProbeResult | None) -> tuple[Status, str]:
    if verified is None:
        return Status.WARN, "not verified yet"
    verified_size = int(verified.facts.get("size", "0"))
    if verified_size > size:
        return Status.FAIL, "events are missing"
    if verified.value is None or (verified.value != "0" and not size):
        return Status.WARN, f"not verified: {verified.error}"
    if verified.value != "0" and verified_size:
        return Status.FAIL, verified.detail
    return Status.PASS, f"{size} events, verified"


def _newest_result(probe: str) -> ProbeResult | None:
    return ProbeResult.objects.filter(name=probe).order_by("-pk").first()


def disk() -> HealthCheck:
    usage = shutil.disk_usage(settings.STATE_DIR)
    return health.disk(usage.free, usage.total)


def clock() -> HealthCheck:
    jumps = [time.time() - time.monotonic() - _STARTED_APART]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            jumps.append(float(cursor.fetchone()[0]) - time.time())
    return health.clock(max(jumps, key=abs))


def certificate() -> HealthCheck:
    """What probe `tls_cert` last saw; plain http has no certificate to look at."""
    if not settings.SECURE_ORIGIN:
        return health.warn("certificate", "needs TLS: PUBLIC_ORIGIN is not https")
    result = _newest_result("tls_cert")
    if result is None or result.value is None:
        return health.warn("certificate", "not looked at yet")
    return health.certificate(int(float(result.value)))


def checks(at: datetime) -> list[HealthCheck]:
    """All checks. With the database down only those that do not need it: a check
    that could not look is left out rather than called good."""
    first = [database(), cache(), disk()]
    if first[0].status is Status.FAIL:
        return first
    looks: list[Callable[[], HealthCheck]] = [
        lambda: _heartbeats("worker", at),
        lambda: _heartbeats("beat", at),
        lambda: backup_age(at),
        lambda: restore_drill_age(at),
        audit_log,
        clock,
        certificate,
    ]
    try:
        return [*first, *(look() for look in looks)]
    except DatabaseError as error:
        return [_database_fails("went away", error), *first[1:]]
