"""The small files at the edges and the tables of what must come out, as data."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from tests.shared.conftest import SHARED

EDGES = SHARED / "data" / "edges"
TRADES = EDGES / "trades"
# The own files are listed in a table of their own; `own_*` stands for them.
DECLARED = {
    "own_local_times.csv": {"zone": "America/New_York"},
    "own_cp1252.csv": {"encoding": "cp1252"},
    "own_decimal_comma.csv": {"decimal": "comma"},
    "broken_rows.csv": {"skip_broken": "true"},
    "coinbase_gap.csv": {"accept_differences": "true"},
}


def table(title: str) -> list[dict[str, str]]:
    """The rows of the table below a bold title, by the names of its columns."""
    text = (EDGES / "EXPECTED.md").read_text(encoding="utf-8")
    section = text.partition(f"**{title}")[2]
    lines = re.search(r"((?:^\|.*\n)+)", section, re.MULTILINE)
    assert lines, f"{title!r} is no title of a table"
    header, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[1].splitlines()
    )
    return [dict(zip(header, row, strict=True)) for row in rows]


def files_of(name: str) -> list[Path]:
    """The files that a cell names: `a.csv, b.csv`, `own_*`, `freqtrade_orders.json,
    .zip`, `broken_rows.csv, broken rows skipped`."""
    if name == "own_*":
        return sorted(TRADES.glob("own_*"))
    first = re.match(r"[\w.]+", name)
    assert first, name
    paths = [TRADES / part for part in re.findall(r"\w+\.(?:csv|json|tsv)", name)]
    if ", .zip" in name:
        paths.append((TRADES / first[0]).with_suffix(".zip"))
    return [path for path in paths if path.exists()]


def counts(cell: str) -> tuple[int, int]:
    """`8 + 0` -> fills and transfers."""
    fills, transfers = cell.split("+")
    return int(fills), int(transfers)


def positions(cell: str) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """`ACORN 10 cost 320 mark 36, …` -> (symbol, size, cost, mark)."""
    return [
        (symbol, Decimal(size), Decimal(cost), Decimal(mark))
        for symbol, size, cost, mark in re.findall(
            r"(\S+) (\S+) cost (\S+) mark ([^\s,]+)", cell
        )
    ]
