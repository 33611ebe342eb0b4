"""The shape of the house: how long, how named, how much is tested.

The limits are those that we reached, not ideals: tighten them, never loosen them.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

from tests.each import each

ROOT = Path(settings.BASE_DIR)
APPS = (
    "kernel",
    "audit",
    "accounts",
    "operations",
    "trades",
    "portfolio",
    "readiness",
    "rrr_dashboard",
)
LONGEST_FILE = 400
LONGEST_FUNCTION = 45  # of 99 in 100
TESTS_A_SOURCE_LINE = 0.75
# Words that name a role in a sentence, not the thing.
VAGUE = {"one", "found", "words"}
VAGUE_FUNCTIONS = 10
# Names that a framework gives.
FRAMEWORK_CLASSES = {"Meta", "Command", "Migration", "DatabaseWrapper"}


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file that ships, migrations aside."""
    return tuple(
        path
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    )


@cache
def of_the_suite() -> tuple[Path, ...]:
    return tuple(sorted((ROOT / "tests").rglob("*.py")))


@cache
def length(path: Path) -> int:
    return len(path.read_text().splitlines())


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def bound_names(function: ast.AST) -> set[str]:
    """What a function names: its parameters and what it assigns."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def test_the_walk_sees_the_whole_house() -> None:
    seen = {path.relative_to(ROOT).parts[0] for path in sources()}
    assert seen == set(APPS)
    assert len(list(functions())) > 1_000


@each([*sources(), *of_the_suite()])
def test_a_file_has_one_subject(path: Path) -> None:
    if path.name != "settings.py":
        assert length(path) <= LONGEST_FILE, "look for the second subject"


def test_a_function_is_read_in_one_go() -> None:
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1 for _, node in functions()
    )
    assert lengths[int(len(lengths) * 0.99)] <= LONGEST_FUNCTION


def test_names_say_the_thing() -> None:
    vague = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, node in functions()
        if bound_names(node) & VAGUE
    ]
    assert len(vague) <= VAGUE_FUNCTIONS, vague


def test_a_class_name_means_one_class() -> None:
    places: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and node.name not in FRAMEWORK_CLASSES:
                places[node.name].add(str(path.relative_to(ROOT)))
    twice = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    assert twice == {}


def test_the_house_is_tested() -> None:
    source = sum(length(path) for path in sources())
    tested = sum(length(path) for path in of_the_suite())
    assert tested / source >= TESTS_A_SOURCE_LINE
