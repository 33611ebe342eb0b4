"""Is the product well? Each check is a small read with a time limit of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit import queries as audit
from kernel import redis
from operations.domain import health
from operations.domain.health import FAIL, PASS, WARN, Check
from operations.models import Heartbeat, ProbeResult, RestoreDrill
from operations.queries.copies import newest_good

T = TypeVar("T")
DATABASE_SECONDS = 1.0
READY_KEPT_SECONDS = 2.0
_STARTED_APART = time.time() - time.monotonic()


class TooSlow(Exception):
    """No answer within the time limit."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """work() in a thread with a database connection of its own.

    Raises TooSlow, or what it raised. A thread that hangs is left behind: no
    database driver here promises a limit for every way of not answering.
    """
    answers: Queue[T | Exception] = Queue(1)

    def run() -> None:
        try:
            answers.put(work())
        except (DatabaseError, OSError, ValueError) as error:
            answers.put(error)
        finally:
            connection.close()

    Thread(target=run, name="health", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TooSlow(f"no answer within {seconds} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _select_one() -> float:
    """How many milliseconds a fresh connection and SELECT 1 took."""
    started = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return (time.perf_counter() - started) * 1000


def database() -> Check:
    try:
        took = within(DATABASE_SECONDS, _select_one)
    except (DatabaseError, OSError, TooSlow) as error:
        return Check("database", FAIL, f"does not answer: {type(error).__name__}")
    words = f"answers in {took:.1f} ms"
    return Check("database", PASS, words, f"{took:.1f}", "ms")


def cache() -> Check:
    started = time.perf_counter()
    try:
        redis.client().ping()
    except redis.FAILURES as error:
        words = f"does not answer: {type(error).__name__}; pages and API go on"
        return Check("cache", WARN, words)
    took = (time.perf_counter() - started) * 1000
    return Check("cache", PASS, f"answers in {took:.1f} ms", f"{took:.1f}", "ms")


def _heartbeat(kind: str, at: datetime) -> Check:
    rows = list(Heartbeat.objects.filter(kind=kind))
    if not rows:
        return Check(kind, WARN, "never gave a sign of life")
    ages = {row.name: (at - row.beaten_at).total_seconds() for row in rows}
    limit = health.HEARTBEAT_STALE.total_seconds()
    late = sorted(name for name, seconds in ages.items() if seconds > limit)
    words = f"no sign of life from {', '.join(late)}" if late else f"{len(rows)} alive"
    worst = str(int(max(0.0, *ages.values(), 0.0)))
    return Check(kind, WARN if late else PASS, words, worst, "s")


def backup_age(at: datetime) -> Check:
    newest = newest_good()
    done = newest.finished_at if newest else None
    age = (at - done).total_seconds() if done else None
    return health.age("backup_age", age, settings.BACKUP_FREQUENCY * 1.1, "backup")


def restore_drill_age(at: datetime) -> Check:
    newest = RestoreDrill.objects.filter(ok=True).order_by("-finished_at").first()
    done = newest.finished_at if newest else None
    age = (at - done).total_seconds() if done else None
    return health.age("restore_drill_age", age, health.DRILL_WITHIN, "restore drill")


def audit_log() -> Check:
    """The head is readable, no shorter than when it was last verified, and that
    verification (probe audit_log) found nothing wrong."""
    try:
        head = audit.head()
    except ValueError as error:
        return Check("audit_log", FAIL, f"the head does not hold: {error}")
    seen = ProbeResult.objects.filter(name="audit_log").order_by("-pk").first()
    size = str(head.size)
    if seen is None:
        return Check("audit_log", WARN, "not verified yet", size, "events")
    if int(seen.facts.get("size", "0")) > head.size:
        return Check("audit_log", FAIL, "events are missing", size, "events")
    if seen.value is None or (seen.value != "0" and not head.size):
        return Check("audit_log", WARN, f"not verified: {seen.error}", size, "events")
    if seen.value != "0" and seen.facts.get("size", "0") != "0":
        return Check("audit_log", FAIL, seen.detail, size, "events")
    return Check("audit_log", PASS, f"{size} events, verified", size, "events")


def disk() -> Check:
    usage = shutil.disk_usage(settings.STATE_DIR)
    return health.disk(usage.free, usage.total)


def clock() -> Check:
    jumped = time.time() - time.monotonic() - _STARTED_APART
    apart = [jumped]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            apart.append(float(cursor.fetchone()[0]) - time.time())
    return health.clock(max(apart, key=abs))


def certificate() -> Check:
    """What probe `tls_cert` last saw; plain http has no certificate to look at."""
    if not settings.SECURE_ORIGIN:
        return Check("certificate", WARN, "needs TLS: PUBLIC_ORIGIN is not https")
    seen = ProbeResult.objects.filter(name="tls_cert").order_by("-pk").first()
    if seen is None or seen.value is None:
        return Check("certificate", WARN, "not looked at yet")
    days = int(float(seen.value))
    late = days < health.CERTIFICATE_LEAST_DAYS
    words = f"{days} days left"
    return Check("certificate", WARN if late else PASS, words, str(days), "days")


def checks(at: datetime | None = None) -> list[Check]:
    """All checks. With the database down only those that do not need it: a check
    that could not look is left out rather than called good."""
    at = at or timezone.now()
    first = [database(), cache(), disk()]
    if first[0].status == FAIL:
        return first
    looks: list[Callable[[], Check]] = [
        lambda: _heartbeat("worker", at),
        lambda: _heartbeat("beat", at),
        lambda: backup_age(at),
        lambda: restore_drill_age(at),
        audit_log,
        clock,
        certificate,
    ]
    try:
        return [*first, *(look() for look in looks)]
    except DatabaseError as error:
        words = f"went away: {type(error).__name__}"
        return [Check("database", FAIL, words), *first[1:]]


_ready: tuple[float, str] = (float("-inf"), "")


def not_ready() -> str:
    """Why this process should get no requests now; "" when it may. Kept for 2 s."""
    global _ready
    asked, words = _ready
    if time.monotonic() - asked < READY_KEPT_SECONDS:
        return words
    words = _not_ready()
    _ready = (time.monotonic(), words)
    return words


def _not_ready() -> str:
    if (settings.STATE_DIR / "draining").exists():
        return "draining"
    try:
        missing = within(DATABASE_SECONDS, _unapplied)
    except TooSlow:
        return "the database does not answer"
    except (DatabaseError, OSError):
        return "the database does not answer"
    return f"{missing} migrations are not applied" if missing else ""


_on_disk: set[tuple[str, str]] = set()


def _unapplied() -> int:
    """How many migrations of this code the database lacks: one query."""
    if not _on_disk:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        _on_disk.update(loader.disk_migrations or {})
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return len(_on_disk - set(MigrationRecorder(connection).applied_migrations()))


def stamp(at: datetime | None = None) -> str:
    return (at or timezone.now()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
