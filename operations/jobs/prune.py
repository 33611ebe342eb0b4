"""The daily cleaning."""

from __future__ import annotations

from django.utils import timezone

from kernel.registry import Params, job
from operations.services import pruning


@job(
    "prune",
    title="Cleaning up runs and results",
    schedule="daily 03:30 UTC",
    goes_on="the disk would fill, and everything else stop",
)
def prune(params: Params) -> str:
    gone = pruning.prune(timezone.now())
    return ", ".join(f"{number} {what}" for what, number in gone.items()) + " deleted"
