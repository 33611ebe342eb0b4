"""The figures of the operations page: each with its limit and its last 24 hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.urls import reverse

from kernel.display import MISSING, age, ago, number, plural
from operations import queries
from operations.domain import figures, history, rules, seeds, windows
from operations.domain.board import DAY, HALF_HOURS
from operations.domain.health import DRILL_WITHIN, HealthCheck, Status, silent
from operations.domain.history import Kept
from operations.domain.windows import Counts
from operations.models import Alert, Rule
from operations.pages.strips import DayStrip, level_strip

Kind = TypeVar("Kind")
P95 = Decimal("0.95")
# The last whole minute began up to two minutes ago, and is kept by the tick after it.
MINUTE_FRESH = timedelta(seconds=150)
NO_REQUEST = "no request lately"


@dataclass(frozen=True, kw_only=True)
class DayFigure:
    """`tone` is "", "warn" or "crit"; `note` is its limit, or why there is no value."""

    label: str
    value: str
    note: str
    tone: str = ""
    href: str = ""
    strip: DayStrip | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the figures are made of: a day of minutes, the rules and their open alerts,
    and what was just looked at."""

    at: datetime
    web: list[tuple[datetime, Counts]]
    readings: list[tuple[datetime, Kept]]
    rules: Mapping[str, Rule]
    alerts: list[Alert]
    checks: Mapping[str, HealthCheck]
    last_tick: datetime | None

    @property
    def start(self) -> datetime:
        return self.at - DAY

    def limit(self, rule: str) -> Decimal | None:
        return self.rules[rule].threshold if rule in self.rules else None

    def tone(self, *names: str) -> str:
        """What these rules say of it: nobody else knows what is too much for how
        long."""
        states = {alert.state for alert in self.alerts if alert.rule in names}
        if Alert.State.FIRING in states:
            return "crit"
        return "warn" if states else ""

    def limit_note(self, rule: str, beside: str = "") -> str:
        """Its limit and what stands beside that, or that nobody watches it."""
        known = self.rules.get(rule)
        if known is None:
            return ""
        if not known.enabled:
            return "its rule is switched off"
        return f"limit {known.allowed}{beside}"

    def strip(self, name: str, limit: Decimal | None = None) -> DayStrip:
        moments = history.series_of(self.readings, name)
        return self.strip_of(moments, limit)

    def strip_of(
        self, moments: list[history.Moment], limit: Decimal | None = None
    ) -> DayStrip:
        return level_strip(history.half_hours(moments, self.start, HALF_HOURS), limit)


def gather(
    at: datetime,
    *,
    checks: list[HealthCheck],
    known: list[Rule],
    alerts: list[Alert],
    last_tick: datetime | None,
) -> Seen:
    """Two queries; the figures make two more."""
    start = at - DAY
    return Seen(
        at=at,
        web=queries.web_minutes(start, at),
        readings=queries.kept_readings(start, at),
        rules={rule.name: rule for rule in known},
        alerts=alerts,
        checks={check.name: check for check in checks},
        last_tick=last_tick,
    )


def all_figures(seen: Seen) -> list[DayFigure]:
    return [
        *_of_the_web(seen),
        *_of_parts(seen),
        *_of_queues(seen),
        *_of_stores(seen),
        _last_tick(seen),
    ]


def _of_the_web(seen: Seen) -> Iterator[DayFigure]:
    counts, why = _of_now(seen, seen.web)
    yield _error_rate(seen, counts, why)
    yield _latency(seen, counts, why)
    yield DayFigure(
        label="Requests",
        value=number(counts.requests) if counts else MISSING,
        note="in the last whole minute" if counts else why,
        strip=seen.strip_of([(at, Decimal(each.requests)) for at, each in seen.web]),
    )


def _of_now(
    seen: Seen, moments: Sequence[tuple[datetime, Kind]]
) -> tuple[Kind | None, str]:
    """The newest, while it tells of now; else None and why."""
    if not moments:
        return None, "no data yet"
    at, newest = moments[-1]
    if seen.at - at < MINUTE_FRESH:
        return newest, ""
    return None, f"no data for {ago(at, seen.at)}"


def _error_rate(seen: Seen, counts: Counts | None, why: str) -> DayFigure:
    moments = [
        (at, windows.error_percent(each))
        for at, each in seen.web
        if each.requests >= windows.MINIMUM_REQUESTS
    ]
    value = MISSING
    if counts and counts.requests:
        value = rules.amount(seeds.ERROR_RATE, windows.error_percent(counts))
    return DayFigure(
        label="Error rate",
        value=value,
        note=why or _note_of_requests(seen, counts, seeds.ERROR_RATE),
        tone=seen.tone(seeds.ERROR_RATE),
        strip=seen.strip_of(moments, seen.limit(seeds.ERROR_RATE)),
    )


def _latency(seen: Seen, counts: Counts | None, why: str) -> DayFigure:
    moments = [
        (at, windows.percentile_ms(each, P95) or Decimal(rules.OVER_MS))
        for at, each in seen.web
        if each.requests >= windows.MINIMUM_REQUESTS
    ]
    value = MISSING
    if counts and counts.requests:
        slow = windows.percentile_ms(counts, P95) or Decimal(rules.OVER_MS)
        value = rules.figure(seeds.LATENCY, slow)
    return DayFigure(
        label="P95 of answers",
        value=value,
        note=why or _note_of_requests(seen, counts, seeds.LATENCY),
        tone=seen.tone(seeds.LATENCY),
        strip=seen.strip_of(moments, seen.limit(seeds.LATENCY)),
    )


def _note_of_requests(seen: Seen, counts: Counts | None, rule: str) -> str:
    """A share of few requests is judged by nobody."""
    if not counts or not counts.requests:
        return NO_REQUEST
    if counts.requests < windows.MINIMUM_REQUESTS:
        return f"of {plural(counts.requests, 'request')}: too few to be judged"
    return seen.limit_note(rule)


def _of_parts(seen: Seen) -> Iterator[DayFigure]:
    for label, check, name in (
        ("Database", "database", figures.DATABASE_MS),
        ("Redis", "cache", figures.REDIS_MS),
    ):
        looked = seen.checks.get(check)
        answers = looked is not None and looked.status is Status.PASS
        yield DayFigure(
            label=label,
            value=f"{looked.observed} ms" if looked and answers else "no answer",
            note="answers now" if answers else looked.detail if looked else "",
            tone="" if answers else "crit",
            strip=seen.strip(name),
        )
    yield _memory(seen)
    yield _disk(seen)


def _memory(seen: Seen) -> DayFigure:
    """Of the host that uses most."""
    value, why = _reading_of_now(seen, seeds.MEMORY)
    return DayFigure(
        label="Memory",
        value=value,
        note=why or seen.limit_note(seeds.MEMORY),
        tone=seen.tone(seeds.MEMORY),
        href=reverse("operations:rule", args=[seeds.MEMORY]),
        strip=seen.strip(seeds.MEMORY, seen.limit(seeds.MEMORY)),
    )


def _disk(seen: Seen) -> DayFigure:
    """Of the fullest. A share alone is too much nowhere, so none is a fault of the
    strip: what was free is not kept."""
    value, why = _reading_of_now(seen, seeds.DISK)
    enough = f" and under {rules.DISK_ENOUGH // 10**9} GB free"
    return DayFigure(
        label="Disk used",
        value=value,
        note=why or seen.limit_note(seeds.DISK, enough),
        tone=seen.tone(seeds.DISK, seeds.DISK_FULL),
        href=reverse("operations:rule", args=[seeds.DISK]),
        strip=seen.strip(seeds.DISK),
    )


def _reading_of_now(seen: Seen, rule: str) -> tuple[str, str]:
    """The worst of its targets in the last minute, or "–" and why."""
    newest, why = _of_now(seen, history.series_of(seen.readings, rule))
    return (MISSING if newest is None else rules.amount(rule, newest)), why


def _of_queues(seen: Seen) -> Iterator[DayFigure]:
    queued, oldest = queries.queued_runs()
    waits = (seen.at - oldest).total_seconds() if oldest else 0
    yield DayFigure(
        label="Queue",
        value=plural(queued, "run"),
        note=f"oldest waits {age(max(0, waits))}" if queued else "nothing waits",
        tone=seen.tone(seeds.QUEUE_STUCK),
        href=reverse("operations:jobs"),
        strip=seen.strip(figures.QUEUED),
    )
    yield _messages(seen)


def _messages(seen: Seen) -> DayFigure:
    """Also how long the oldest waits: one that nobody tries is not tried in vain."""
    outbox = queries.outbox()
    notes = []
    if outbox.oldest is not None:
        notes.append(f"oldest waits {ago(outbox.oldest, seen.at)}")
    if outbox.tried:
        notes.append(f"{outbox.tried:,} tried in vain")
    return DayFigure(
        label="Messages",
        value=f"{outbox.waiting:,} waiting" if outbox.waiting else "none waiting",
        note=", ".join(notes) or "nothing waits to be sent",
        tone=seen.tone(seeds.UNDELIVERED) or ("warn" if outbox.tried else ""),
        strip=seen.strip(figures.OUTBOX),
    )


def _of_stores(seen: Seen) -> Iterator[DayFigure]:
    for label, check, every, rule in (
        (
            "Last backup",
            "backup_age",
            settings.BACKUP_FREQUENCY,
            seeds.BACKUP_STALE,
        ),
        (
            "Last restore drill",
            "restore_drill_age",
            DRILL_WITHIN / 2,
            seeds.DRILL_STALE,
        ),
    ):
        yield _last_of(seen, label, seen.checks.get(check), every, rule)


def _last_of(
    seen: Seen, label: str, check: HealthCheck | None, every: timedelta, rule: str
) -> DayFigure:
    """Whether it is late is said by its check of /health."""
    good = check is not None and check.status is Status.PASS
    value = "never"
    if check is None:
        value = MISSING
    elif check.observed:
        seconds = int(check.observed)
        value = f"{age(seconds)} ago" if seconds >= 0 else f"in {age(seconds)}"
    due = f"one is due every {age(every.total_seconds())}"
    return DayFigure(
        label=label,
        value=value,
        note=due if good or check is None else check.detail,
        tone="" if good else "crit",
        href=reverse("operations:backups"),
        strip=seen.strip(rule, seen.limit(rule)),
    )


def _last_tick(seen: Seen) -> DayFigure:
    tick = seen.last_tick
    return DayFigure(
        label="Last tick",
        value=f"{ago(tick, seen.at)} ago" if tick else "never",
        note="one comes every 10 s: it judges the rules",
        tone="crit" if is_late(tick, seen.at) else "",
        strip=seen.strip(seeds.BEAT_STALE, seen.limit(seeds.BEAT_STALE)),
    )


def is_late(tick: datetime | None, at: datetime) -> bool:
    """One dated ahead, before a clock was set back, is none."""
    return tick is None or silent((at - tick).total_seconds())
