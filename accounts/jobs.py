"""The daily cleaning of sessions and kept answers."""

from __future__ import annotations

from django.utils import timezone

from accounts.services.pruning import prune
from kernel.registry import Params, job


@job(
    "accounts.prune",
    title="Cleaning up sessions and kept answers",
    schedule="daily 03:20 UTC",
    goes_on="sessions that are over would stay",
)
def accounts_prune(params: Params) -> str:
    done = prune(timezone.now())
    return ", ".join(f"{count} {name}" for name, count in done.items()) + " deleted"
