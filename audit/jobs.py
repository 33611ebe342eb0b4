"""The log signs its head every ten minutes while it grows."""

from __future__ import annotations

from django.db import transaction

from audit import queries, services
from kernel.display import plural
from kernel.registry import Params, job


@job(
    "audit-checkpoint",
    title="Checkpoint of the audit log",
    schedule="every 10m",
    goes_on="what is behind the last checkpoint nobody can prove",
)
def make_checkpoint(params: Params) -> str:
    """Sign the head unless that one is signed already."""
    last = queries.newest_checkpoint()
    with transaction.atomic():
        made = services.checkpoint()
    if last is not None and last.pk == made.pk:
        return f"Nothing was appended since the log was signed at {plural(made.size, 'event')}."
    return f"Signed the log at {plural(made.size, 'event')}."
