"""Named reads that pages, API and jobs share."""

from __future__ import annotations

from operations.queries.alerting import (
    alert,
    alerts,
    database_outages,
    firing_unacknowledged,
    judging,
    newest_reason,
    notices,
    open_alerts,
    rule,
    rules,
    timeline,
)
from operations.queries.backups import (
    backups,
    key_object,
    key_was_exported,
    newest_drill,
    newest_good,
    restored_at,
    unsealed_backups,
)
from operations.queries.history import kept_readings, web_minutes
from operations.queries.jobs import job_board, queued_runs, runs
from operations.queries.measurements import latest_results, params_digest
from operations.queries.probes import probe_board
from operations.queries.processes import last_tick, processes, stale_processes
from operations.queries.recipients import operators, unheard
from operations.queries.runbooks import runbook, runbook_titles
from operations.queries.starts import Configuration, configuration, web_starts
from operations.queries.telling import outbox, told
from operations.queries.violations import policy_violations

__all__ = [
    "Configuration",
    "alert",
    "alerts",
    "backups",
    "configuration",
    "database_outages",
    "firing_unacknowledged",
    "job_board",
    "judging",
    "kept_readings",
    "key_object",
    "key_was_exported",
    "last_tick",
    "latest_results",
    "newest_drill",
    "newest_good",
    "newest_reason",
    "notices",
    "open_alerts",
    "operators",
    "outbox",
    "params_digest",
    "policy_violations",
    "probe_board",
    "processes",
    "queued_runs",
    "restored_at",
    "rule",
    "rules",
    "runbook",
    "runbook_titles",
    "runs",
    "stale_processes",
    "timeline",
    "told",
    "unheard",
    "unsealed_backups",
    "web_minutes",
    "web_starts",
]
