"""What of readiness must come back from a backup besides its rows, and which of its rows
are held against the log."""

from __future__ import annotations

from kernel.registry import blob_names, record_check
from readiness.models import Evidence
from readiness.queries.differing import differing

record_check(differing)


@blob_names
def evidence_files(database: str) -> set[str]:
    """The files that people filed."""
    rows = Evidence.objects.using(database).exclude(blob_sha256="")
    return set(rows.values_list("blob_sha256", flat=True))
