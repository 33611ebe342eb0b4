"""docs/probes.tsv names for each probe a test of a fault and one of a lie; both are there."""

from __future__ import annotations

import ast
import csv
from functools import cache
from pathlib import Path

from kernel.registry import PROBES

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "probes.tsv"
# Of operations alone: no line of the checklist asks these.
ASKED_BY_NO_LINE = {"mail", "secret_age"}


def rows() -> list[dict[str, str]]:
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def names_in(path: str) -> frozenset[str]:
    """By their names in pytest, those in a class with it."""
    body = ast.parse((ROOT / path).read_text()).body
    inside = [
        f"{outer.name}::{inner.name}"
        for outer in body
        if isinstance(outer, ast.ClassDef)
        for inner in outer.body
        if isinstance(inner, ast.FunctionDef)
    ]
    return frozenset(
        [*inside, *(node.name for node in body if isinstance(node, ast.FunctionDef))]
    )


def test_each_of_the_43_probes_has_its_row() -> None:
    named = [row["probe"] for row in rows()]
    assert named == sorted(PROBES.keys() - ASKED_BY_NO_LINE)
    assert len(named) == 43


def test_each_names_a_fault_and_a_lie_that_are_tested_and_not_the_same() -> None:
    gone = []
    for row in rows():
        for kind in ("fault", "lie"):
            path, _, name = row[kind].partition("::")
            if name not in names_in(path):
                gone.append((row["probe"], row[kind]))
    assert gone == []
    assert [row["probe"] for row in rows() if row["fault"] == row["lie"]] == []
    assert all(row["what the lie has right"] for row in rows())
