"""What every rule but the database's reads, at one moment.

Each reader looks at one subject; one that fails is told in the log and is no data for
its rules, and the others go on.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from kernel import looked_after
from operations import queries
from operations.domain import rules, seeds, windows
from operations.domain.alerting import Reading
from operations.domain.health import Status, silent
from operations.models import Alert, Heartbeat, Rule
from operations.queries import health, lateness
from operations.queries.broker import broker_refusal
from operations.queries.web import web_silence
from operations.services import catalogue, counters, disks, memory
from operations.services.outbox import NOBODY

logger = logging.getLogger("rrr.jobs")
# An outage that ended longer ago is in no slot that is still read.
WINDOW = timedelta(minutes=2)
Rules = Mapping[str, Rule]
Reader = Callable[[Rules, datetime], Iterator[Reading]]


def read(known: Rules, at: datetime) -> list[Reading]:
    """Every rule's readings; those without a rule are left out."""
    readings: list[Reading] = []
    for reader in READERS:
        try:
            readings += reader(known, at)
        except Exception:
            logger.exception("%s could not be read", reader.__name__.strip("_"))
    return readings


def _above(
    known: Rules,
    rule: str,
    target: str,
    value: Decimal | int | None,
    detail: str = "",
) -> Iterator[Reading]:
    if rule in known:
        threshold = known[rule].threshold
        yield rules.read_above(rule, target, value, threshold, detail)


def _requests(known: Rules, at: datetime) -> Iterator[Reading]:
    database_down = Alert.objects.filter(
        rule=seeds.DATABASE, state=Alert.State.FIRING
    ).exists()
    counts = None
    if not database_down:
        counts = counters.read_window(at.timestamp(), _outage_slots(at))
    if seeds.ERROR_RATE in known:
        yield rules.read_error_rate(counts, known[seeds.ERROR_RATE].threshold)
    if seeds.LATENCY in known:
        yield rules.read_latency(counts, known[seeds.LATENCY].threshold)


def _outage_slots(at: datetime) -> set[int]:
    outages = queries.database_outages(at - WINDOW, at)
    return {
        slot
        for begun, ended in outages
        for slot in windows.outage_slots(begun.timestamp(), ended.timestamp())
    }


def _memory(known: Rules, at: datetime) -> Iterator[Reading]:
    for host, percent in (memory.read(at.timestamp()) or {}).items():
        yield from _above(known, seeds.MEMORY, host, percent)


def _disks(known: Rules, at: datetime) -> Iterator[Reading]:
    for space in disks.read():
        if seeds.DISK in known:
            yield rules.read_disk(space, known[seeds.DISK].threshold)
        if seeds.DISK_FULL in known:
            yield rules.read_disk_full(space, known[seeds.DISK_FULL].threshold)


def _processes(known: Rules, at: datetime) -> Iterator[Reading]:
    """Beat's sign of life comes through the broker and a worker of its ticks: without
    one of them, which has an alert of its own, it is not known whether beat lives."""
    workers = lateness.silence_of_queues(at)
    for queue, silence in workers.items():
        target = f"queue {queue}"
        yield from _above(known, seeds.WORKER_STALE, target, _seconds(silence))
    beat = _seconds(lateness.silence_of(Heartbeat.Kind.BEAT, at))
    unknown = silent(_seconds(workers["tick"])) or (silent(beat) and broker_refusal())
    yield from _above(known, seeds.BEAT_STALE, "beat", None if unknown else beat)
    watch = _seconds(lateness.silence_of(Heartbeat.Kind.WATCH, at))
    yield from _above(known, seeds.WATCH_STALE, "watch", watch)


def _web(known: Rules, at: datetime) -> Iterator[Reading]:
    """What does not answer counts no errors either: nobody else would notice."""
    if seeds.WEB in known and queries.web_starts(1):
        silence = web_silence()
        yield from _above(known, seeds.WEB, "web", int(bool(silence)), silence)


def _serve(known: Rules, at: datetime) -> Iterator[Reading]:
    """Of the host that looks: parts without their `serve` answer as before, until the
    first of them ends."""
    gone = looked_after.serve_is_gone()
    target = f"serve on {platform.node()}"
    yield from _above(known, seeds.SERVE, target, int(gone), looked_after.GONE)


def _queues(known: Rules, at: datetime) -> Iterator[Reading]:
    """A queue in which something is done moves, however long others wait."""
    moved: dict[str, datetime] = {}
    for job, since in lateness.oldest_queued():
        queue = catalogue.queue_of(job)
        moved[queue] = min(since, moved.get(queue, since))
    if moved:
        for job, begun in lateness.last_begun(min(moved.values())):
            queue = catalogue.queue_of(job)
            if queue in moved:
                moved[queue] = max(moved[queue], begun)
    for queue in ("probes", "heavy"):
        waited = _seconds(at - moved.get(queue, at))
        yield from _above(known, seeds.QUEUE_STUCK, f"queue {queue}", max(0, waited))
    unqueued = _seconds(lateness.overdue_slot(at))
    yield from _above(known, seeds.QUEUE_STUCK, "schedule", unqueued)


def _jobs(known: Rules, at: datetime) -> Iterator[Reading]:
    for job, failures, said in lateness.failures_of_jobs():
        yield from _above(known, seeds.JOB_FAILING, job, failures, said)


def _backups(known: Rules, at: datetime) -> Iterator[Reading]:
    overdue = _hours(lateness.backup_overdue(at))
    paused = queries.pause_of("backup")
    yield from _above(known, seeds.BACKUP_STALE, "backups", overdue, paused)
    drilled, paused = (
        _hours(lateness.since_drill(at)),
        queries.pause_of("restore-drill"),
    )
    yield from _above(known, seeds.DRILL_STALE, "backups", drilled, paused)


def _audit_log(known: Rules, at: datetime) -> Iterator[Reading]:
    """One that was not verified yet is neither whole nor broken."""
    seen = health.audit_log()
    faults = {Status.PASS: 0, Status.FAIL: 1}.get(seen.status)
    yield from _above(known, seeds.AUDIT_LOG, "audit log", faults, seen.detail)


def _broker(known: Rules, at: datetime) -> Iterator[Reading]:
    refusal = broker_refusal()
    yield from _above(known, seeds.BROKER, "broker", int(bool(refusal)), refusal)


def _messages(known: Rules, at: datetime) -> Iterator[Reading]:
    """By reader: what they have not heard. Of the mail server, whether it would take
    anything: else nobody knew until the night in which something is to be told."""
    server = lateness.newest_of_probe("mail")
    if server is not None and "refused" in server.facts:
        # Also where it proves nothing for readiness, as in a tree that differs.
        refused = int(server.facts["refused"])
        yield from _above(
            known, seeds.UNDELIVERED, "mail server", refused, server.detail
        )
    people = queries.unheard()
    nobody = int(not people)
    yield from _above(known, seeds.UNDELIVERED, "operators", nobody, NOBODY)
    for name, notices in people.items():
        said = notices[-1].last_error if notices else ""
        yield from _above(known, seeds.UNDELIVERED, name, len(notices), said)


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _hours(length: timedelta) -> Decimal:
    return (Decimal(_seconds(length)) / 3600).quantize(Decimal("0.1"))


READERS: tuple[Reader, ...] = (
    _requests,
    _memory,
    _disks,
    _processes,
    _web,
    _serve,
    _queues,
    _jobs,
    _backups,
    _audit_log,
    _broker,
    _messages,
)
