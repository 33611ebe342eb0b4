"""The operations page: one sentence, the figures, then what fails first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from operations import queries
from operations.domain.board import ProbeState
from operations.domain.health import Status
from operations.models import Alert
from operations.pages import figures, probes
from operations.pages.headline import headline, when_read
from operations.queries import health

NEWEST_BACKUPS = 5


def board(at: datetime, shown: str) -> dict[str, Any]:
    """`shown` is one of probes.SHOWN."""
    lines, jobs = queries.probe_board(at), queries.job_board(at)
    processes, checks = queries.processes(at), health.checks(at)
    unwell = [check for check in checks if check.status is not Status.PASS]
    open_alerts = queries.open_alerts()
    firing = [alert for alert in open_alerts if alert.state == Alert.State.FIRING]
    rules, last_tick = queries.rules(), queries.last_tick()
    silences = queries.active_silences(at)
    reasons = queries.reasons_by_alert(firing)
    seen = figures.gather(
        at, checks=checks, known=rules, alerts=open_alerts, last_tick=last_tick
    )
    return {
        "at": at,
        "headline": headline(
            firing=firing,
            unwell=unwell,
            probes=lines,
            judging=queries.judging(rules, at),
            last_tick=last_tick,
            silences=silences,
            reasons=reasons,
            at=at,
        ),
        "figures": figures.all_figures(seen),
        "unwell": unwell,
        "alerts": firing,
        "when_read": {alert.pk: when_read(alert, at) for alert in firing},
        "reasons": reasons,
        "silenced": queries.silences_by_alert(firing, silences),
        "failing": probes.chosen(lines, "failing"),
        "filters": [
            (name, title, number)
            for name, title in probes.FILTERS.items()
            if (number := len(probes.chosen(lines, name)))
            or name in {shown, *probes.ALWAYS}
        ],
        "groups": probes.groups(probes.chosen(lines, shown)),
        "probes_all": lines,
        "shown": shown,
        "passing": sum(
            line.state in {ProbeState.PASSING, ProbeState.MEASURED} for line in lines
        ),
        "jobs": jobs,
        "jobs_failing": [line for line in jobs if line.failing],
        "processes": processes,
        "web_starts": queries.web_starts(),
        "fresh": sum(not line.stale for line in processes),
        "last_tick": last_tick,
        "backups": queries.backups(limit=NEWEST_BACKUPS).rows,
    }
