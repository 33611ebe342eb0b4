"""Jobs of readiness; operations runs them and knows nothing of checklists."""

from __future__ import annotations

from django.utils import timezone

from kernel.registry import Params, job
from readiness.services import endings
from readiness.services.evidence import collecting, pruning


@job("readiness-evidence", schedule="every 10s", queue="probes")
def collect(params: Params) -> str:
    """Judge the newest results of open reviews' checks and ask for those due."""
    return str(collecting.collect(timezone.now()))


@job("readiness.waivers", schedule="every 60s")
def waivers(params: Params) -> str:
    """Log the waivers that have ended, and write to who asked and who approved."""
    return f"waivers that have ended: {endings.note_endings(timezone.now())}"


@job("readiness.prune", schedule="daily 03:40 UTC")
def prune(params: Params) -> str:
    """Forget old records of probes that nothing needs."""
    return f"{pruning.prune(timezone.now())} records of probes deleted"
