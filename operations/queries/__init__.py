"""Named reads that pages, API and jobs share."""

from __future__ import annotations

from operations.queries.alerting import (
    alert,
    alerts,
    database_outages,
    ended_unread,
    firing_unacknowledged,
    judging,
    notices,
    open_alerts,
    reasons_by_alert,
    rule,
    rules,
    timeline,
    was_kept_from_all,
)
from operations.queries.backups import (
    backups,
    key_object,
    key_was_exported,
    newest_drill,
    newest_good,
    newest_good_drill,
    restored_at,
    unsealed_backups,
)
from operations.queries.history import kept_readings, web_minutes
from operations.queries.jobs import (
    job_board,
    job_line,
    pause_of,
    queued_runs,
    runs,
)
from operations.queries.measurements import latest_results, params_digest
from operations.queries.probes import probe_board
from operations.queries.processes import last_tick, processes, stale_processes
from operations.queries.recipients import operators, unheard
from operations.queries.runbooks import runbook, runbook_titles
from operations.queries.silences import (
    active_silences,
    silence,
    silence_over,
    silences,
    silences_by_alert,
)
from operations.queries.starts import Configuration, configuration, web_starts
from operations.queries.telling import last_word, outbox, told
from operations.queries.violations import policy_violations

__all__ = [
    "Configuration",
    "active_silences",
    "alert",
    "alerts",
    "backups",
    "configuration",
    "database_outages",
    "ended_unread",
    "firing_unacknowledged",
    "job_board",
    "job_line",
    "judging",
    "kept_readings",
    "key_object",
    "key_was_exported",
    "last_tick",
    "last_word",
    "latest_results",
    "newest_drill",
    "newest_good",
    "newest_good_drill",
    "notices",
    "open_alerts",
    "operators",
    "outbox",
    "params_digest",
    "pause_of",
    "policy_violations",
    "probe_board",
    "processes",
    "queued_runs",
    "reasons_by_alert",
    "restored_at",
    "rule",
    "rules",
    "runbook",
    "runbook_titles",
    "runs",
    "silence",
    "silence_over",
    "silences",
    "silences_by_alert",
    "stale_processes",
    "timeline",
    "told",
    "unheard",
    "unsealed_backups",
    "was_kept_from_all",
    "web_minutes",
    "web_starts",
]
