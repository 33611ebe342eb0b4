"""The pages of alerts: what fires, one alert with its story, and a rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from kernel import markdown
from kernel.registry import actor_names
from operations import queries
from operations.domain.alerting import TimelineKind
from operations.domain.seeds import FIXED
from operations.models import Alert, Notice, Rule, TimelineEntry
from operations.pages.alert_chart import alert_chart
from operations.pages.headline import in_words, when_read
from operations.queries.alerting import Judging

PAGE = 50
FATES = {
    Notice.State.QUEUED: "Waits to be sent",
    Notice.State.SENDING: "Being sent",
    Notice.State.SENT: "Sent",
    Notice.State.DEAD: "Not sent",
    Notice.State.SUPPRESSED: "Not sent",
}
TITLES = {
    str(TimelineKind.UNREAD): "No longer read",
    str(TimelineKind.HELD): "Nobody was told",
    str(TimelineKind.UNSILENCED): "Silence over",
}


def alerts(
    cursor: str, rules: list[Rule], judging: Judging, at: datetime
) -> dict[str, Any]:
    """Open alerts first, then a page of what resolved."""
    page = queries.alerts(state=Alert.State.RESOLVED, limit=PAGE, cursor=cursor)
    quiet, why = _quiet(judging)
    open_alerts, silences = queries.open_alerts(), queries.active_silences(at)
    return {
        "open_alerts": open_alerts,
        "when_read": {alert.pk: when_read(alert, at) for alert in open_alerts},
        "reasons": queries.reasons_by_alert(open_alerts),
        "silences": silences,
        "silenced": queries.silences_by_alert(open_alerts, silences),
        "quiet": quiet,
        "why": why,
        "resolved": page.rows,
        "next_cursor": page.next_cursor,
        "rules": rules,
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
    timeline, notices = queries.timeline(row), queries.notices(row)
    lines = [
        *(_entry_line(entry) for entry in timeline),
        *(_notice_line(notice) for notice in notices),
    ]
    now = timezone.now()
    return {
        "alert": row,
        "now": now,
        "when_read": when_read(row, now),
        "reason": queries.reasons_by_alert([row]).get(row.pk),
        "silence": queries.silence_over(row.rule, row.target, now),
        "told": in_words(queries.told(row)),
        "notices": [(notice, FATES[Notice.State(notice.state)]) for notice in notices],
        "to_files": not settings.EMAIL_URL,
        "episodes": _episodes(timeline),
        "chart": alert_chart(row, now),
        "timeline": sorted(lines, key=lambda line: line.at),
        "names": actor_names({entry.actor for entry in timeline}),
        "rule": {rule.name: rule for rule in queries.rules()}.get(row.rule),
        "runbook": markdown.block(queries.runbook(row.rule)),
        "unread": queries.ended_unread(row),
    }


def _episodes(timeline: list[TimelineEntry]) -> list[tuple[datetime, datetime | None]]:
    """Each time that it fired, and until when; oldest first."""
    episodes: list[tuple[datetime, datetime | None]] = []
    for entry in timeline:
        if entry.kind in {TimelineKind.FIRING, TimelineKind.REOPENED}:
            episodes.append((entry.at, None))
        elif entry.kind in {TimelineKind.RESOLVED, TimelineKind.UNREAD} and episodes:
            episodes[-1] = (episodes[-1][0], episodes[-1][1] or entry.at)
    return episodes


def rule(row: Rule) -> dict[str, Any]:
    """What to do about a rule's alerts, whether people may change its threshold, and
    its silences."""
    return {
        "runbook": markdown.block(queries.runbook(row.name)),
        "fixed": row.name in FIXED,
        "silences": [
            silence
            for silence in queries.active_silences(timezone.now())
            if silence.rule == row.name
        ],
    }


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
