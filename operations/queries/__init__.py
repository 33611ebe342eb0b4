"""Named reads that pages, API and jobs share."""

from __future__ import annotations

from operations.queries.alerting import (
    ALERT_STATES,
    alert,
    alerts,
    firing_unacknowledged,
    open_alerts,
    rule,
    rules,
    timeline,
)
from operations.queries.measurements import (
    latest_result,
    latest_results,
    params_digest,
    probe_board,
)
from operations.queries.running import (
    job_board,
    last_tick,
    processes,
    recent_runs,
    stale_processes,
)

__all__ = [
    "ALERT_STATES",
    "alert",
    "alerts",
    "firing_unacknowledged",
    "job_board",
    "last_tick",
    "latest_result",
    "latest_results",
    "open_alerts",
    "params_digest",
    "probe_board",
    "processes",
    "recent_runs",
    "rule",
    "rules",
    "stale_processes",
    "timeline",
]
