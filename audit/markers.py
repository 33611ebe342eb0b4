"""What a restored copy must still hold: the log, event for event."""

from __future__ import annotations

from audit.domain import merkle
from audit.models import AuditEvent
from kernel.registry import marker


@marker("log")
def tree(database: str) -> dict[str, str]:
    """How many events there are and the root of their tree, over the bodies as they
    are stored there: kept leaves would hide a body that was changed."""
    rows = AuditEvent.objects.using(database).order_by("seq")
    bodies = rows.values_list("body", flat=True).iterator()
    whole = merkle.Frontier().extended(merkle.leaf_hash(bytes(body)) for body in bodies)
    return {"size": str(whole.size), "root": whole.root().hex()}
