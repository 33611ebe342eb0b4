"""What came into books under ids that somebody else gave: voided and corrected facts
as they were booked, none of an undone file."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.db.models import CharField, Func, Q, QuerySet

from kernel.many_lists import held_to
from trades.models import FactStatus, Fill, Transfer

INDEXES = {Fill: "trades_fill_external", Transfer: "trades_transfer_external"}
# As the indexes' condition has it: SQLite sees through no parameter.
UNDONE = Func(template=f"'{FactStatus.UNDONE}'", output_field=CharField())
ORIGINAL = Q(replaces__isnull=True) & ~Q(status=UNDONE)
Row = TypeVar("Row", Fill, Transfer)


def originals(
    model: type[Row], books: Collection[int], external_ids: Collection[str]
) -> QuerySet[Row]:
    """Those of these ids in these books, found by the index of ids: SQLite, which keeps
    no statistics, had rather read everything that replaces nothing."""
    rows = model._default_manager.filter(
        ORIGINAL, book__in=books, external_id__in=external_ids
    )
    return held_to(rows, INDEXES[model])
