"""What only the HTML of operations needs: which rows stand where, and their dress."""

from __future__ import annotations

from operations.pages.alerts import alert, alerts, rule
from operations.pages.board import board
from operations.pages.probes import shown_probes
from operations.pages.runbooks import runbook, runbooks
from operations.pages.running import PAGE, backups, jobs
from operations.pages.strips import day_strip

__all__ = [
    "PAGE",
    "alert",
    "alerts",
    "backups",
    "board",
    "day_strip",
    "jobs",
    "rule",
    "runbook",
    "runbooks",
    "shown_probes",
]
