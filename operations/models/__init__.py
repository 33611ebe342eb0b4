"""The tables of operations; Django finds models through this list only."""

from __future__ import annotations

from operations.models.alerts import Alert, AlertSource, Rule, TimelineEntry
from operations.models.backups import Backup, RestoreDrill
from operations.models.jobs import Heartbeat, Job, JobRun
from operations.models.notices import Follower, Notice
from operations.models.probes import ProbeResult
from operations.models.silences import Silence
from operations.models.starts import ProcessStart
from operations.models.violations import PolicyViolation
from operations.models.windows import Minute

__all__ = [
    "Alert",
    "AlertSource",
    "Backup",
    "Follower",
    "Heartbeat",
    "Job",
    "JobRun",
    "Minute",
    "Notice",
    "PolicyViolation",
    "ProbeResult",
    "ProcessStart",
    "RestoreDrill",
    "Rule",
    "Silence",
    "TimelineEntry",
]
