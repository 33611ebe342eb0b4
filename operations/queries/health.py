"""Is the product well? Each check is a small read with a time limit of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from threading import Lock

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Q

from audit import queries as audit
from kernel import looked_after, redis
from kernel.display import age, plural
from kernel.registry import JOBS
from operations.domain import health
from operations.domain.health import HealthCheck, Status
from operations.models import Heartbeat, Job, ProbeResult
from operations.queries.alerting import judging, rules
from operations.queries.backups import newest_drill, newest_good
from operations.queries.broker import broker_refusal
from operations.queries.read_only import read_only
from operations.queries.recipients import unheard
from operations.queries.silences import active_silences
from operations.queries.telling import outbox
from operations.queries.time_limit import TooSlow, within

DATABASE_SECONDS = 1.0
KEPT_SECONDS = 1.0
# Each tick sends what waits: one that is older was left by all of them.
TRIED_WITHIN = timedelta(minutes=5)
LIVING = ("worker", "beat", "watch")  # kinds of processes
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
        milliseconds, refuses = within(
            DATABASE_SECONDS, lambda: (_select_one(), read_only())
        )
    except (DatabaseError, OSError, TooSlow) as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        return _database_fails(f"does not answer: {said}")
    if refuses:
        return _database_fails("answers, but takes no change: it is read-only")
    return _answered("database", milliseconds)


def _database_fails(detail: str) -> HealthCheck:
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
        reason = str(error).partition("\n")[0] or type(error).__name__
        said = f"does not answer ({reason}); pages and API go on"
        return health.warn("cache", said)
    return _answered("cache", (time.perf_counter() - started) * 1000)


def broker() -> HealthCheck:
    """Whether work can be rung for: an answer alone says nothing."""
    refusal = broker_refusal()
    if not refusal:
        return health.passes("broker", "takes messages")
    return health.warn(
        "broker",
        f"takes no messages ({refusal}): queued work begins minutes later",
    )


def serve() -> HealthCheck:
    """Whether what ends is started again, by the `serve` that started us."""
    if looked_after.serve_is_gone():
        return health.warn("serve", looked_after.GONE)
    return health.passes("serve", "who started the processes is there")


def alerting(at: datetime) -> HealthCheck:
    """Whether the rules are looked at, and none is switched off."""
    judged = judging(rules(), at)
    if not judged.begun:
        return health.warn("alerting", "no rule has been looked at with data so far")
    if judged.gaps:
        return health.warn("alerting", judged.gaps)
    return health.passes("alerting", "every rule is looked at")


def silences(at: datetime) -> HealthCheck:
    """Whether people are told of every rule that fires."""
    active = active_silences(at)
    if not active:
        return health.passes("silences", "people are told of every rule")
    told = (f"“{each.title}” is {each.hush.said}" for each in active)
    return health.warn("silences", "; ".join(told))


def jobs() -> HealthCheck:
    """Whether what is scheduled is done: none fails, and none is paused."""
    known = Job.objects.filter(Q(name__in=JOBS) | Q(kind=Job.Kind.PROBE))
    unwell = list(
        known.exclude(paused_at=None, consecutive_failures=0).select_related(
            "paused_by"
        )
    )
    told = [
        f"{state}: {', '.join(names)}"
        for state, names in (
            (
                "paused",
                sorted(
                    f"{job.title} {job.pause}".strip()
                    for job in unwell
                    if job.paused_at
                ),
            ),
            ("failing", sorted(job.title for job in unwell if not job.paused_at)),
        )
        if names
    ]
    if told:
        return health.warn("jobs", "; ".join(told))
    return health.passes("jobs", "none fails and none is paused")


def paging(at: datetime) -> HealthCheck:
    """Whether people hear of what fires, and anybody tries to tell them."""
    people = unheard()
    if not people:
        return health.warn("paging", "no active Operator has a mail address")
    untold = {name: notices for name, notices in people.items() if notices}
    if untold:
        why = next(iter(untold.values()))[-1].last_error
        return health.warn("paging", f"not told by mail: {', '.join(untold)} ({why})")
    untried = outbox().untried
    if untried is not None and at - untried > TRIED_WITHIN:
        waits = age((at - untried).total_seconds())
        return health.warn("paging", f"a message waits {waits}, and nobody tried it")
    return health.passes("paging", "nothing that was to be told waits")


def signs_of_life(at: datetime) -> list[HealthCheck]:
    """Of workers, beat and watch: one query."""
    ages: dict[str, dict[str, float]] = {kind: {} for kind in LIVING}
    for row in Heartbeat.objects.filter(kind__in=LIVING):
        ages[row.kind][row.name] = (at - row.beaten_at).total_seconds()
    return [health.heartbeats(kind, ages[kind]) for kind in LIVING]


def backup_age(at: datetime) -> HealthCheck:
    newest = newest_good()
    seconds = _since(newest.finished_at if newest else None, at)
    limit = settings.BACKUP_FREQUENCY * 1.1
    return health.age("backup_age", seconds, limit, "backup")


def restore_drill_age(at: datetime) -> HealthCheck:
    """Of the newest; one that failed proves nothing, and nor does an older one then."""
    newest = newest_drill()
    seconds = _since(newest.finished_at if newest else None, at)
    check = health.age(
        "restore_drill_age", seconds, health.DRILL_WITHIN, "restore drill"
    )
    if newest is None or newest.ok:
        return check
    failed = f"the last restore drill failed {age(seconds or 0)} ago"
    return replace(check, status=Status.WARN, detail=failed)


def _since(done: datetime | None, at: datetime) -> float | None:
    return (at - done).total_seconds() if done else None


def audit_log() -> HealthCheck:
    """The head is readable, no shorter than when it was last verified, and that
    verification (probe audit_log) found nothing wrong."""
    # What was verified before it is read how long the log is: it grows meanwhile, and is
    # never shorter. The other way round events that were new seemed to be missing.
    verified = _newest_result("audit_log")
    try:
        size = audit.head().size
    except ValueError as error:
        detail = f"the head does not hold: {error}"
        return HealthCheck(name="audit_log", status=Status.FAIL, detail=detail)
    status, detail = _audit_verdict(size, verified)
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
    events = plural(size, "event")
    if verified_size == size:
        return Status.PASS, f"{events}, all verified"
    upto = f"verified up to event {verified_size - 1}" if verified_size else "new"
    return Status.PASS, f"{events}, {upto}"


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
    if not settings.SECURE_ORIGIN and _only_this_machine_asks():
        return health.passes("certificate", "not set: only this machine can ask")
    if not settings.SECURE_ORIGIN:
        return health.warn("certificate", "needs TLS: PUBLIC_ORIGIN is not https")
    result = _newest_result("tls_cert")
    if result is None or result.value is None:
        return health.warn("certificate", "not looked at yet")
    return health.certificate(int(float(result.value)))


def _only_this_machine_asks() -> bool:
    """A demo or a developer's own, whose requests cross no network."""
    behind = settings.PUBLIC_ORIGIN or settings.TRUSTED_PROXY_COUNT
    alone = not (settings.SERIOUS or behind)
    return alone and ip_address(settings.BIND).is_loopback


_asking = Lock()
_newest: tuple[float, list[HealthCheck]] = (float("-inf"), [])


def newest_checks(at: datetime) -> list[HealthCheck]:
    """As `checks`, at most a second old: however many ask, one looks."""
    global _newest
    with _asking:
        looked, seen = _newest
        if time.monotonic() - looked >= KEPT_SECONDS:
            seen = checks(at)
            _newest = (time.monotonic(), seen)
    return seen


def checks(at: datetime) -> list[HealthCheck]:
    """All checks. With the database down only those that do not need it: a check
    that could not look is left out rather than called good."""
    first = [database(), cache(), broker(), disk(), serve()]
    if first[0].status is Status.FAIL:
        return first
    looks: list[Callable[[], HealthCheck]] = [
        lambda: alerting(at),
        lambda: paging(at),
        lambda: silences(at),
        jobs,
        lambda: backup_age(at),
        lambda: restore_drill_age(at),
        audit_log,
        clock,
        certificate,
    ]
    try:
        return [*first, *signs_of_life(at), *(look() for look in looks)]
    except DatabaseError as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        gone = _database_fails(f"went away: {said}")
        return [gone, *first[1:]]
