"""The figures of the operations page: each with its limit and its last 24 hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.urls import reverse

from kernel.display import MISSING, age, ago, number, plural
from operations import queries
from operations.domain import figures, history, rules, seeds, windows
from operations.domain.board import DAY, HALF_HOURS
from operations.domain.health import DRILL_WITHIN, HealthCheck, Status
from operations.domain.history import Kept
from operations.domain.windows import Counts
from operations.models import Backup, RestoreDrill, Rule
from operations.pages.strips import DayStrip, level_strip

P95 = Decimal("0.95")
# The last whole minute began up to two minutes ago, and is kept by the tick after it.
MINUTE_FRESH = timedelta(seconds=150)
TICK_LATE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class DayFigure:
    """`tone` is "" or "crit"; `note` is its limit, or why there is no value."""

    label: str
    value: str
    note: str
    tone: str = ""
    href: str = ""
    strip: DayStrip | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the figures are made of: a day of minutes, the rules, what was just looked
    at, and the newest backup and drill."""

    at: datetime
    web: list[tuple[datetime, Counts]]
    readings: list[tuple[datetime, Kept]]
    rules: Mapping[str, Rule]
    checks: Mapping[str, HealthCheck]
    last_tick: datetime | None
    backup: Backup | None
    drill: RestoreDrill | None

    @property
    def start(self) -> datetime:
        return self.at - DAY

    def limit(self, rule: str) -> Decimal | None:
        return self.rules[rule].threshold if rule in self.rules else None

    def strip(self, name: str, limit: Decimal | None = None) -> DayStrip:
        moments = history.series_of(self.readings, name)
        return self.strip_of(moments, limit)

    def strip_of(
        self, moments: list[history.Moment], limit: Decimal | None = None
    ) -> DayStrip:
        return level_strip(history.half_hours(moments, self.start, HALF_HOURS), limit)


def gather(
    at: datetime,
    checks: list[HealthCheck],
    known: list[Rule],
    last_tick: datetime | None,
) -> Seen:
    """Four queries."""
    start = at - DAY
    return Seen(
        at=at,
        web=queries.web_minutes(start, at),
        readings=queries.kept_readings(start, at),
        rules={rule.name: rule for rule in known},
        checks={check.name: check for check in checks},
        last_tick=last_tick,
        backup=queries.newest_good(),
        drill=queries.newest_drill(),
    )


def all_figures(seen: Seen) -> list[DayFigure]:
    return [
        *_of_the_web(seen),
        *_of_parts(seen),
        *_of_queues(seen),
        *_of_stores(seen),
        *_of_the_clockwork(seen),
    ]


def _of_the_web(seen: Seen) -> Iterator[DayFigure]:
    newest = seen.web[-1] if seen.web else None
    fresh = newest if newest and seen.at - newest[0] < MINUTE_FRESH else None
    why = f"no data for {ago(newest[0], seen.at)}" if newest else "no data yet"
    counts = fresh[1] if fresh else None
    yield _error_rate(seen, counts, why)
    yield _latency(seen, counts, why)
    yield DayFigure(
        label="Requests",
        value=number(counts.requests) if counts else MISSING,
        note="in the last whole minute" if counts else why,
        strip=seen.strip_of([(at, Decimal(each.requests)) for at, each in seen.web]),
    )


def _error_rate(seen: Seen, counts: Counts | None, why: str) -> DayFigure:
    limit = seen.limit(seeds.ERROR_RATE)
    value = windows.error_percent(counts) if counts else None
    enough = counts is not None and counts.requests >= windows.MINIMUM_REQUESTS
    moments = [
        (at, windows.error_percent(each))
        for at, each in seen.web
        if each.requests >= windows.MINIMUM_REQUESTS
    ]
    return DayFigure(
        label="Error rate",
        value=rules.amount(seeds.ERROR_RATE, value) if counts else MISSING,
        note=_limit_note(seeds.ERROR_RATE, limit) if counts else why,
        tone=_tone(value if enough else None, limit),
        strip=seen.strip_of(moments, limit),
    )


def _latency(seen: Seen, counts: Counts | None, why: str) -> DayFigure:
    limit = seen.limit(seeds.LATENCY)
    moments = [
        (at, windows.percentile_ms(each, P95) or Decimal(rules.OVER_MS))
        for at, each in seen.web
        if each.requests >= windows.MINIMUM_REQUESTS
    ]
    value, shown = None, MISSING
    if counts and counts.requests:
        value = windows.percentile_ms(counts, P95) or Decimal(rules.OVER_MS)
        shown = rules.figure(seeds.LATENCY, value)
    enough = counts is not None and counts.requests >= windows.MINIMUM_REQUESTS
    note = _limit_note(seeds.LATENCY, limit) if value else "no request lately"
    return DayFigure(
        label="P95 of answers",
        value=shown,
        note=note if counts else why,
        tone=_tone(value if enough else None, limit),
        strip=seen.strip_of(moments, limit),
    )


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
    yield _worst(seen, "Memory", seeds.MEMORY)
    yield _worst(seen, "Disk used", seeds.DISK)


def _worst(seen: Seen, label: str, rule: str) -> DayFigure:
    """The newest reading of the fullest target."""
    moments, limit = history.series_of(seen.readings, rule), seen.limit(rule)
    value = moments[-1][1] if moments else None
    return DayFigure(
        label=label,
        value=rules.amount(rule, value) if value is not None else MISSING,
        note=_limit_note(rule, limit) if value is not None else "no data yet",
        tone=_tone(value, limit),
        href=reverse("operations:rule", args=[rule]),
        strip=seen.strip_of(moments, limit),
    )


def _of_queues(seen: Seen) -> Iterator[DayFigure]:
    queued, oldest = queries.queued_runs()
    stuck = seen.limit(seeds.QUEUE_STUCK)
    waits = (seen.at - oldest).total_seconds() if oldest else 0
    yield DayFigure(
        label="Queue",
        value=plural(queued, "run"),
        note=f"oldest waits {age(max(0, waits))}" if queued else "nothing waits",
        tone=_tone(Decimal(int(waits)), stuck),
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
        tone="crit" if outbox.tried else "",
        strip=seen.strip(figures.OUTBOX),
    )


def _of_stores(seen: Seen) -> Iterator[DayFigure]:
    due, backups = settings.BACKUP_FREQUENCY, reverse("operations:backups")
    done = seen.backup.finished_at if seen.backup else None
    late = done is None or seen.at - done > due * 1.1
    yield DayFigure(
        label="Last backup",
        value=f"{ago(done, seen.at)} ago" if done else "never",
        note=f"one is due every {age(due.total_seconds())}",
        tone="crit" if late else "",
        href=backups,
        strip=seen.strip(seeds.BACKUP_STALE, seen.limit(seeds.BACKUP_STALE)),
    )
    drill = seen.drill
    within = f"one is due every {age(DRILL_WITHIN.total_seconds() / 2)}"
    good = drill is not None and drill.ok and seen.at - drill.started_at < DRILL_WITHIN
    yield DayFigure(
        label="Last restore drill",
        value=f"{ago(drill.started_at, seen.at)} ago" if drill else "never",
        note="it failed" if drill and not drill.ok else within,
        tone="" if good else "crit",
        href=backups,
        strip=seen.strip(seeds.DRILL_STALE, seen.limit(seeds.DRILL_STALE)),
    )


def _of_the_clockwork(seen: Seen) -> Iterator[DayFigure]:
    tick = seen.last_tick
    late = tick is None or seen.at - tick > TICK_LATE
    yield DayFigure(
        label="Last tick",
        value=f"{ago(tick, seen.at)} ago" if tick else "never",
        note="one comes every 10 s: it judges the rules",
        tone="crit" if late else "",
        strip=seen.strip(seeds.BEAT_STALE, seen.limit(seeds.BEAT_STALE)),
    )


def _limit_note(rule: str, limit: Decimal | None) -> str:
    return "" if limit is None else f"limit {rules.amount(rule, limit)}"


def _tone(value: Decimal | None, limit: Decimal | None) -> str:
    over = value is not None and limit is not None and value > limit
    return "crit" if over else ""
