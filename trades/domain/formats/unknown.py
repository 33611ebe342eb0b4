"""Rows of kinds that a format does not know."""

from __future__ import annotations

from collections.abc import Sequence

from trades.domain.formats.parsed import Difference, DifferenceKind

SHOWN = 5


def unknown_rows(kind: str, lines: Sequence[int], place: str = "line") -> Difference:
    """Named with their lines (or places in a document), left out only by a tick."""
    shown = ", ".join(str(line) for line in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    rows = "row" if len(lines) == 1 else "rows"
    return Difference(
        kind=DifferenceKind.ROW_TYPE,
        what=f"{kind[:40]!r} is no known kind of row: {len(lines)} {rows} would be "
        f"left out ({place} {shown}{more})",
        line=lines[0] if place == "line" else 0,
    )
