"""The sentence on top of the operations page: what is wrong, since when, who knows of
it, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse

from kernel import markdown
from kernel.display import ago, plural
from operations import queries
from operations.domain import seeds
from operations.domain.alerting import Severity
from operations.domain.health import HealthCheck, Status
from operations.models import Alert, Silence
from operations.pages.figures import is_late
from operations.queries.alerting import JUDGED_WITHIN, Judging
from operations.queries.probes import ProbeLine
from operations.queries.telling import Told, told

JUDGED = "Alert rules"
# Rules of P0: who silences one is asked about it first.
WAKING = frozenset(seed.name for seed in seeds.SEEDS if seed.severity is Severity.P0)
# What helps where a check of /health is not well, before its rule has fired.
RUNBOOKS = {
    "database": seeds.DATABASE,
    "cache": seeds.BROKER,
    "broker": seeds.BROKER,
    "disk": seeds.DISK,
    "serve": seeds.SERVE,
    "worker": seeds.WORKER_STALE,
    "beat": seeds.BEAT_STALE,
    "watch": seeds.WATCH_STALE,
    "jobs": seeds.JOB_FAILING,
    "paging": seeds.UNDELIVERED,
    "backup_age": seeds.BACKUP_STALE,
    "restore_drill_age": seeds.DRILL_STALE,
    "audit_log": seeds.AUDIT_LOG,
}


@dataclass(frozen=True, kw_only=True)
class Headline:
    """`since` stands between the two halves of the sentence; `alert` is what it is
    about, `silence` the one over it, `to_see` what is to be looked at (in words, and
    where), `rule` names the runbook, `next` is its first step or what to do first.
    `muted` are silences of what should wake people up, said before anything else."""

    tone: str
    title: str
    rest: str = ""
    to_see: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    alert: Alert | None = None
    silence: Silence | None = None
    rule: str = ""
    next: str = ""
    muted: tuple[Silence, ...] = ()


def headline(
    *,
    firing: list[Alert],
    unwell: list[HealthCheck],
    probes: list[ProbeLine],
    judging: Judging,
    last_tick: datetime | None,
    silences: list[Silence],
    reasons: Mapping[int, str],
    at: datetime,
) -> Headline:
    """`firing`: the worst first, `reasons` by alert. One query when something fires."""
    said = _sentence(firing, unwell, probes, judging, last_tick, silences, reasons, at)
    return replace(said, muted=tuple(each for each in silences if each.rule in WAKING))


def _sentence(
    firing: list[Alert],
    unwell: list[HealthCheck],
    probes: list[ProbeLine],
    judging: Judging,
    last_tick: datetime | None,
    silences: list[Silence],
    reasons: Mapping[int, str],
    at: datetime,
) -> Headline:
    if last_tick is not None and is_late(last_tick, at):
        return _nobody_looks(firing, last_tick)
    if firing:
        return _of_alert(firing, silences, reasons, at)
    wrong = [line for line in probes if line.failing or line.overdue]
    if unwell or wrong or not judging.begun or judging.gaps:
        return _to_look_at(unwell, wrong, judging)
    return Headline(tone="ok", title="All is well", rest="every rule is looked at")


def _nobody_looks(firing: list[Alert], last_tick: datetime) -> Headline:
    """The rules were not judged since: all that stands below is from then."""
    open_ones = f"; {plural(len(firing), 'alert')} fired before" if firing else ""
    return Headline(
        tone="crit",
        title="No rule is looked at",
        since=last_tick,
        rest=f"what stands below is from then{open_ones}",
        rule=seeds.WORKER_STALE,
        next=first_step(seeds.WORKER_STALE),
    )


def _of_alert(
    firing: list[Alert],
    silences: list[Silence],
    reasons: Mapping[int, str],
    at: datetime,
) -> Headline:
    """What nobody is on comes first, and of that what nobody silenced."""
    silenced = queries.silences_by_alert(firing, silences)
    unheard = [alert for alert in firing if alert.acknowledged_at is None]
    loud = [alert for alert in unheard if alert.pk not in silenced]
    alert = (loud or unheard or firing)[0]
    reason = reasons.get(alert.pk)
    seen = alert.seen + when_read(alert, at)
    pieces = [f"{seen}: {reason}" if reason else seen, *_on_it(alert)]
    if alert.episode > 1:
        pieces.append(f"it has fired {alert.episode} times since")
    if len(firing) > 1:
        pieces.append(f"{plural(len(firing) - 1, 'more alert')} below")
    return Headline(
        tone="crit",
        title=alert.headline,
        since=alert.pending_at,
        rest="; ".join(pieces),
        alert=alert,
        silence=silenced.get(alert.pk),
        rule=alert.rule,
        next=first_step(alert.rule),
    )


def when_read(alert: Alert, at: datetime) -> str:
    """ " when last read, 5 min ago": what is not read any more is no value of now."""
    read = alert.last_data_at
    if read is None or abs(at - read) <= JUDGED_WITHIN:
        return ""
    return f" when last read, {ago(read, at)} ago"


def _on_it(alert: Alert) -> list[str]:
    if alert.acknowledged_by is not None:
        return [f"{alert.acknowledged_by.username} is on it"]
    return [in_words(told(alert))]


def in_words(reached: Told) -> str:
    """Who knows of it: "2 people told", "nobody told yet, 1 message waits". A file is
    read by nobody at night."""
    if reached.sent:
        where = " in a file: no EMAIL_URL is set" if reached.in_files else ""
        knows = f"{plural(reached.sent, 'person', 'people')} told{where}"
    else:
        knows = "nobody told" if reached.lost else "nobody told yet"
    if reached.waiting:
        waits = "waits" if reached.waiting == 1 else "wait"
        knows += f", {plural(reached.waiting, 'message')} {waits}"
    return f"{knows} ({reached.why})" if reached.why and not reached.sent else knows


@dataclass(frozen=True, kw_only=True)
class _Concern:
    """Something to look at: in words, where it stands, what it says of itself, and the
    rule whose runbook helps."""

    text: str
    href: str
    said: str
    rule: str = ""


def _to_look_at(
    unwell: list[HealthCheck], probes: list[ProbeLine], judging: Judging
) -> Headline:
    """Nothing fires, and yet not all is known to be well: what has failed comes before
    what is only not known to be well."""
    failing = [line for line in probes if line.failing]
    late = [line for line in probes if line.overdue]
    concerns = [
        *(_of_check(check) for check in unwell if check.status is Status.FAIL),
        *_of_probes(failing, plural(len(failing), "failing probe"), "failing"),
        *(_of_check(check) for check in unwell if check.status is not Status.FAIL),
        *_of_probes(late, f"{plural(len(late), 'probe')} out of date", "out-of-date"),
    ]
    if judging.gaps and not unwell:
        href = reverse("operations:alerts")
        concerns.append(_Concern(text=JUDGED, href=href, said=judging.gaps))
    title, rest = "No alert fires", ""
    if not judging.begun:
        title, rest = "Nothing has been judged yet", "no rule had data so far"
    said = concerns[0].said if concerns else ""
    rule = concerns[0].rule if concerns else ""
    step = first_step(rule)
    return Headline(
        tone="warn",
        title=title,
        rest=rest,
        to_see=tuple((concern.text, concern.href) for concern in concerns),
        rule=rule,
        next=f"{said.rstrip('.')}. {step}" if step else said,
    )


def _of_check(check: HealthCheck) -> _Concern:
    return _Concern(
        text=check.title,
        href="#health",
        said=f"{check.title}: {check.detail}",
        rule=RUNBOOKS.get(check.name, ""),
    )


def _of_probes(lines: list[ProbeLine], text: str, shown: str) -> Iterator[_Concern]:
    """All of them as one, which says what the first says."""
    for line in lines[:1]:
        said = f"{line.title}: {line.said}"
        yield _Concern(text=text, href=f"?p={shown}#probes", said=said)


def first_step(rule: str) -> str:
    """The first of the runbook's steps, as plain text; "" without a runbook."""
    steps = queries.runbook(rule).partition("### Steps")[2]
    _, _, first = steps.partition("1. ")
    return markdown.plain(first.partition("\n2. ")[0].strip())
