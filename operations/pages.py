"""What only the HTML of operations needs: which rows stand where, and their dress."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from kernel import markdown
from kernel.display import age
from kernel.registry import actor_names
from operations import queries
from operations.domain import recovery
from operations.domain.alerting import TimelineKind
from operations.domain.board import HalfHour, JobState, ProbeState
from operations.domain.health import Status
from operations.domain.seeds import FIXED
from operations.models import Alert, Notice, Rule, TimelineEntry
from operations.queries import health
from operations.queries.alerting import Judging
from operations.queries.probes import ProbeLine
from operations.services.backups import engines

SHOWN = {
    "all": frozenset(ProbeState),
    "failing": frozenset({ProbeState.FAILING}),
    "no-data": frozenset({ProbeState.NO_DATA, ProbeState.NEVER}),
}
PAGE = 50
NEWEST_BACKUPS = 5
FATES = {
    Notice.State.QUEUED: "Waits to be sent",
    Notice.State.SENDING: "Being sent",
    Notice.State.SENT: "Sent",
    Notice.State.DEAD: "Not sent",
    Notice.State.SUPPRESSED: "Not sent",
}
TITLES = {str(TimelineKind.UNREAD): "No longer read"}
# The strip of a day: a bar of 3 x 16 each 4.2 units.
BAR_STEP, BAR = 4.2, "1h3v16h-3z"


def shown_probes(given: str) -> str:
    """Which probes the operations page lists: one of SHOWN, all when in doubt."""
    return given if given in SHOWN else "all"


def board(at: datetime, shown: str) -> dict[str, Any]:
    """The operations page; `shown` is one of SHOWN."""
    probes, jobs = queries.probe_board(at), queries.job_board(at)
    processes = queries.processes(at)
    checks = health.checks(at)
    return {
        "at": at,
        "unwell": [check for check in checks if check.status is not Status.PASS],
        "alerts": [
            alert
            for alert in queries.open_alerts()
            if alert.state == Alert.State.FIRING
        ],
        "failing": _in_states(probes, "failing"),
        "no_data": _in_states(probes, "no-data"),
        "probes": [(line, day_strip(line.day)) for line in _in_states(probes, shown)],
        "probes_all": probes,
        "shown": shown,
        "passing": sum(
            line.state in {ProbeState.PASSING, ProbeState.MEASURED} for line in probes
        ),
        "jobs": jobs,
        "jobs_failing": [line for line in jobs if line.state is JobState.FAILING],
        "processes": processes,
        "web_starts": queries.web_starts(),
        "fresh": sum(not line.stale for line in processes),
        "last_tick": queries.last_tick(),
        "backups": queries.backups(limit=NEWEST_BACKUPS).rows,
    }


def _in_states(probes: list[ProbeLine], shown: str) -> list[ProbeLine]:
    return [line for line in probes if line.state in SHOWN[shown]]


@dataclass(frozen=True, kw_only=True)
class DayStrip:
    """SVG path data of a day's half hours, by how they went, and the words for who
    cannot see them."""

    fine: str
    faults: str
    not_measured: str
    empty: str
    text: str


def day_strip(day: str) -> DayStrip:
    """`day`: a letter of HalfHour each half hour, oldest first."""
    paths = {
        kind: "".join(
            f"M{place * BAR_STEP:.1f} {BAR}"
            for place, letter in enumerate(day)
            if letter == kind
        )
        for kind in HalfHour
    }
    faults = day.count(HalfHour.FAULTS)
    looked_at = len(day) - day.count(HalfHour.EMPTY)
    return DayStrip(
        fine=paths[HalfHour.FINE],
        faults=paths[HalfHour.FAULTS],
        not_measured=paths[HalfHour.NOT_MEASURED],
        empty=paths[HalfHour.EMPTY],
        text=f"last 24 hours: {faults} of {looked_at} half hours with faults, "
        f"{day.count(HalfHour.NOT_MEASURED)} not measured",
    )


def jobs(at: datetime) -> dict[str, Any]:
    """Every job with its schedule, and the newest runs."""
    return {
        "at": at,
        "jobs": queries.job_board(at),
        "runs": queries.recent_runs(PAGE),
    }


def backups(cursor: str) -> dict[str, Any]:
    """A page of what there is, and how old the newest good one may grow."""
    page, drill = queries.backups(limit=PAGE, cursor=cursor), queries.newest_drill()
    return {
        "backups": page.rows,
        "next_cursor": page.next_cursor,
        "newest": queries.newest_good(),
        "aside": engines.engine().set_aside(),
        "drill": drill,
        "goes_back": age(float(drill.rpo_seconds or 0)) if drill else "",
        "frequency": age(settings.BACKUP_FREQUENCY.total_seconds()),
        "promised_rto": age(recovery.RTO.total_seconds()),
        "outside": recovery.OUTSIDE,
    }


def alerts(cursor: str, judging: Judging) -> dict[str, Any]:
    """Open alerts first, then a page of what resolved."""
    page = queries.alerts(state=Alert.State.RESOLVED, limit=PAGE, cursor=cursor)
    quiet, why = _quiet(judging)
    return {
        "open_alerts": queries.open_alerts(),
        "quiet": quiet,
        "why": why,
        "resolved": page.rows,
        "next_cursor": page.next_cursor,
        "rules": queries.rules(),
    }


def _quiet(judging: Judging) -> tuple[str, str]:
    """What no open alert means, and why."""
    if not judging.begun:
        return "Nothing judged yet", "No rule has been looked at with data so far."
    if judging.gaps:
        return "Nothing is known to be wrong", judging.gaps
    return "Nothing is wrong", "No rule is breached right now."


def alert(row: Alert) -> dict[str, Any]:
    """An alert with its story, who is who in it, what to do, and its rule if there
    still is one."""
    timeline = queries.timeline(row)
    lines = [
        *(_entry_line(entry) for entry in timeline),
        *(_notice_line(notice) for notice in queries.notices(row)),
    ]
    return {
        "alert": row,
        "timeline": sorted(lines, key=lambda line: line.at),
        "names": actor_names({entry.actor for entry in timeline}),
        "rule": {rule.name: rule for rule in queries.rules()}.get(row.rule),
        "runbook": markdown.block(queries.runbook(row.rule)),
        "unread": _ended_unread(row, timeline),
    }


def rule(row: Rule) -> dict[str, Any]:
    """What to do about a rule's alerts, and whether people may change its threshold."""
    return {
        "runbook": markdown.block(queries.runbook(row.name)),
        "fixed": row.name in FIXED,
    }


def _ended_unread(row: Alert, timeline: list[TimelineEntry]) -> bool:
    """Whether it ended because nothing was read of it any more."""
    ends = {TimelineKind.RESOLVED, TimelineKind.UNREAD}
    ended = [entry.kind for entry in timeline if entry.kind in ends]
    resolved = row.state == Alert.State.RESOLVED
    return resolved and ended[-1:] == [TimelineKind.UNREAD]


@dataclass(frozen=True, kw_only=True)
class StoryLine:
    """A line of an alert's story; `kind` chooses its icon."""

    at: datetime
    kind: str
    title: str
    text: str
    actor: str = ""


def _entry_line(entry: TimelineEntry) -> StoryLine:
    return StoryLine(
        at=entry.at,
        kind=entry.kind,
        title=TITLES.get(entry.kind) or entry.kind.capitalize(),
        text=entry.text,
        actor=entry.actor,
    )


def _notice_line(notice: Notice) -> StoryLine:
    """To whom, how, and what became of it."""
    way = "by mail" if notice.channel == "email" else f"by {notice.channel}"
    text = f"“{notice.level}” to {notice.recipient} {way}"
    if notice.last_error and notice.state != Notice.State.SENT:
        text = f"{text}: {notice.last_error}"
    return StoryLine(
        at=notice.sent_at or notice.created_at,
        kind=TimelineKind.NOTIFIED,
        title=FATES[Notice.State(notice.state)],
        text=text,
    )
