"""docs/security-asvs.tsv says of each item what shows it; what it names is there."""

from __future__ import annotations

import ast
import csv
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "security-asvs.tsv"
# Level 1 of OWASP ASVS 5.0.0, by section.
LEVEL_1 = {
    "V1.2": range(1, 6),
    "V1.3": range(1, 3),
    "V1.5": range(1, 2),
    "V2.1": range(1, 2),
    "V2.2": range(1, 3),
    "V2.3": range(1, 2),
    "V3.2": range(1, 3),
    "V3.3": range(1, 2),
    "V3.4": range(1, 3),
    "V3.5": range(1, 4),
    "V4.1": range(1, 2),
    "V4.4": range(1, 2),
    "V5.2": range(1, 3),
    "V5.3": range(1, 3),
    "V6.1": range(1, 2),
    "V6.2": range(1, 9),
    "V6.3": range(1, 3),
    "V6.4": range(1, 3),
    "V7.2": range(1, 5),
    "V7.4": range(1, 3),
    "V8.1": range(1, 2),
    "V8.2": range(1, 3),
    "V8.3": range(1, 2),
    "V9.1": range(1, 4),
    "V9.2": range(1, 2),
    "V10.4": range(1, 6),
    "V11.3": range(1, 3),
    "V11.4": range(1, 2),
    "V12.1": range(1, 2),
    "V12.2": range(1, 3),
    "V13.4": range(1, 2),
    "V14.2": range(1, 2),
    "V14.3": range(1, 2),
    "V15.1": range(1, 2),
    "V15.2": range(1, 2),
    "V15.3": range(1, 2),
}
# The headers and the matrix of roles each show as many.
MOST = 4
STATUSES = {"met", "partly", "not here", "where it runs"}


def rows() -> list[dict[str, str]]:
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def functions_in(path: str) -> dict[str, list[ast.FunctionDef]]:
    """By name: two classes of one file may have tests of the same."""
    found: dict[str, list[ast.FunctionDef]] = defaultdict(list)
    if (ROOT / path).exists():
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name].append(node)
    return found


def named() -> Iterator[tuple[str, str, list[ast.FunctionDef]]]:
    """Item, test as it is named, and the functions of that name."""
    for row in rows():
        for test in row["tests"].split():
            path, _, name = test.partition("::")
            yield row["item"], test, functions_in(path).get(name, [])


def claims(test: ast.FunctionDef) -> bool:
    """Could it fail at all by what it saw?"""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Attribute) and node.attr == "raises")
        or (isinstance(node, ast.Name) and node.id == "expect")
        for node in ast.walk(test)
    )


def test_every_item_of_level_1_has_its_row() -> None:
    asked = {f"{part}.{n}" for part, numbers in LEVEL_1.items() for n in numbers}
    told = [row["item"] for row in rows()]
    assert len(asked) == 70
    assert asked - set(told) == set()
    assert len(told) == len(set(told))


def test_every_test_that_is_named_is_there() -> None:
    gone = [(item, test) for item, test, found in named() if not found]
    assert gone == []


def test_a_name_leads_to_one_test_that_claims_something() -> None:
    doubtful = [
        (item, test)
        for item, test, found in named()
        if len(found) > 1 or not all(map(claims, found))
    ]
    assert doubtful == []


def test_no_test_stands_for_more_than_four_items() -> None:
    """One that shows everything shows nothing in particular."""
    items = defaultdict(list)
    for item, test, _ in named():
        items[test].append(item)
    assert {test: found for test, found in items.items() if len(found) > MOST} == {}
    assert [test for test, found in items.items() if len(found) > len(set(found))] == []


def test_what_is_not_here_names_no_test() -> None:
    absent = [row for row in rows() if row["status"] == "not here"]
    assert [row["item"] for row in absent if row["tests"]] == []


def test_what_is_met_says_how_and_is_shown() -> None:
    vague = [
        row["item"]
        for row in rows()
        if row["status"] not in STATUSES
        or not row["how"]
        or (row["status"] in {"met", "partly"} and not row["tests"])
    ]
    assert vague == []
