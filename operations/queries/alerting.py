"""Reading alerts, their stories and their rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from kernel.errors import NotFound
from kernel.paging import Page, newest_first
from operations.domain.alerting import TimelineKind
from operations.domain.seeds import DATABASE
from operations.models import Alert, Notice, Rule, TimelineEntry

JUDGED_WITHIN = timedelta(minutes=2)
OUTAGE = (TimelineKind.FIRING, TimelineKind.REOPENED, TimelineKind.ANSWERED)
BREACHED = (TimelineKind.PENDING, TimelineKind.FIRING, TimelineKind.REOPENED)


def _visible_alerts() -> QuerySet[Alert]:
    """Pending ones that ended without firing are nobody's business."""
    return Alert.objects.exclude(Q(state=Alert.State.RESOLVED) & Q(fired_at=None))


def alerts(*, state: str = "", limit: int = 50, cursor: str = "") -> Page[Alert]:
    """Alerts newest first, with who acknowledged them: one query."""
    rows = _visible_alerts().select_related("acknowledged_by")
    if state:
        rows = rows.filter(state=state)
    return newest_first(rows, field="pending_at", limit=limit, cursor=cursor)


def open_alerts() -> list[Alert]:
    """Firing first, then pending, the worst severity first."""
    rows = Alert.objects.exclude(state=Alert.State.RESOLVED).select_related(
        "acknowledged_by"
    )
    return list(rows.order_by("state", "severity", "pending_at"))


def firing_unacknowledged() -> int:
    return Alert.objects.filter(state=Alert.State.FIRING, acknowledged_at=None).count()


def timeline(alert: Alert) -> list[TimelineEntry]:
    """The alert's story, oldest first, at most 500 lines. Lines about whom an earlier
    version meant to tell are left out: `notices` says who was."""
    lines = TimelineEntry.objects.filter(alert=alert)
    return list(lines.exclude(kind=TimelineKind.NOTIFIED).order_by("at", "pk")[:500])


def reasons_by_alert(alerts: Iterable[Alert]) -> dict[int, str]:
    """What was said of each when it was breached last, beside the figure; a figure alone
    has none. One query."""
    breached = TimelineEntry.objects.filter(alert__in=list(alerts), kind__in=BREACHED)
    newest = breached.order_by().values("alert").annotate(newest=Max("pk"))
    entries = TimelineEntry.objects.filter(pk__in=newest.values("newest"))
    told = entries.values_list("alert", "text")
    said = {alert: text.partition("): ")[2] for alert, text in told}
    return {alert: reason for alert, reason in said.items() if reason}


def was_kept_from_all(alert: Alert) -> bool:
    """Whether it fired and nobody was told, because a silence held that back."""
    held = TimelineEntry.objects.filter(alert=alert, kind=TimelineKind.HELD)
    told = Notice.objects.filter(kind="alert", about=f"alert:{alert.uid}")
    return held.exists() and not told.exclude(state=Notice.State.SUPPRESSED).exists()


def ended_unread(alert: Alert) -> bool:
    """Whether it ended because nothing was read of it any more."""
    ends = TimelineEntry.objects.filter(
        alert=alert, kind__in=(TimelineKind.RESOLVED, TimelineKind.UNREAD)
    )
    last = ends.order_by("-at", "-pk").first()
    resolved = alert.state == Alert.State.RESOLVED
    return resolved and last is not None and last.kind == TimelineKind.UNREAD


def notices(alert: Alert) -> list[Notice]:
    """What was written to people about this alert, in order, at most 500."""
    rows = Notice.objects.filter(kind="alert", about=f"alert:{alert.uid}")
    return list(rows.order_by("pk")[:500])


def database_outages(
    since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """When the database was away, as its newest alert tells: from the first failed
    look (`since` when that was earlier) to the first answer (`until` without one)."""
    alert = Alert.objects.filter(rule=DATABASE).order_by("-pk").first()
    story = TimelineEntry.objects.filter(alert=alert, kind__in=OUTAGE, at__gte=since)
    outages, begun = [], None
    for at, kind in story.order_by("at", "pk").values_list("at", "kind"):
        if kind == TimelineKind.ANSWERED:
            outages.append((begun or since, at))
            begun = None
        else:
            begun = begun or at
    return [*outages, (begun, until)] if begun else outages


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What is known of the rules now: titles of those without data for 2 minutes, of
    those that are switched off, and whether any was ever looked at with data."""

    missing: tuple[str, ...]
    off: tuple[str, ...]
    begun: bool

    @property
    def gaps(self) -> str:
        """Sentences about what nobody watches; "" when there is nothing like that."""
        told = []
        if self.off:
            told.append(f"Switched off: {_quoted(self.off)}.")
        if self.missing:
            told.append(f"No data for 2 minutes: {_quoted(self.missing)}.")
        return " ".join(told)


def _quoted(titles: Iterable[str]) -> str:
    """A rule is called what it says when it fires: unquoted, it would say so."""
    return ", ".join(f"“{title}”" for title in titles)


def judging(rules: Iterable[Rule], at: datetime) -> Judging:
    """Of these rules; no query."""
    rules = list(rules)
    enabled = [rule for rule in rules if rule.enabled]
    return Judging(
        missing=tuple(rule.title for rule in enabled if not _is_judged(rule, at)),
        off=tuple(rule.title for rule in rules if not rule.enabled),
        begun=any(rule.judged_at for rule in enabled),
    )


def _is_judged(rule: Rule, at: datetime) -> bool:
    return rule.judged_at is not None and abs(at - rule.judged_at) <= JUDGED_WITHIN


def alert(uid: UUID) -> Alert:
    """The alert with this public id. Raises NotFound."""
    try:
        return Alert.objects.select_related("acknowledged_by").get(uid=uid)
    except Alert.DoesNotExist as error:
        raise NotFound("There is no such alert.", code="not_found") from error


def rules() -> list[Rule]:
    return list(Rule.objects.order_by("name"))


def rule(name: str) -> Rule:
    """Raises NotFound."""
    try:
        return Rule.objects.get(name=name)
    except Rule.DoesNotExist as error:
        raise NotFound("There is no such rule.", code="not_found") from error
