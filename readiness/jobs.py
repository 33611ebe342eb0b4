"""Jobs of readiness; operations runs them and knows nothing of checklists."""

from __future__ import annotations

from django.utils import timezone

from kernel.registry import Params, job
from readiness.services.evidence import collecting


@job("readiness-evidence", schedule="every 10s", queue="probes")
def collect(params: Params) -> str:
    """Judge the newest results of open reviews' checks and ask for those due."""
    return str(collecting.collect(timezone.now()))
