"""Lint and types of the commit's files: the tools find nothing, and look at every file.

A tool that is told to look away finds nothing either: what its configuration or a file
hides from it is a fault of its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from kernel.display import plural
from kernel.registry import Measurement, Params, Weight, probe
from operations.services.sources import product_files, python_files
from operations.services.tools import run_tool

FRESH = timedelta(days=365)
GENERATED = "/migrations/"
# A whole file that asks not to be looked at; one line with a named rule is a decision.
UNLOOKED_LINT = re.compile(r"^\s*#\s*(?:ruff|flake8):\s*noqa\s*$", re.MULTILINE)
UNLOOKED_FORMAT = re.compile(r"^\s*#\s*fmt:\s*off\b", re.MULTILINE)
UNLOOKED_TYPES = re.compile(
    r"^\s*#\s*(?:mypy:\s*(?:ignore-errors|disable-error-code)|type:\s*ignore\s*$)",
    re.MULTILINE,
)
# What a section of mypy's about our own packages may not say.
LOOSENING = ("ignore_errors", "follow_imports")
FINDING = re.compile(r"\S+:\d+:\d+: ")
SUCCESS = re.compile(r"Success: no issues found in (\d+) source files?")


@probe(
    "ruff_black",
    title="No lint finding, no unformatted file",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def ruff_black(params: Params) -> Measurement:
    """Counts findings of ruff and files that its formatter (black's style) would
    change, and files that neither looked at."""
    files = [name for name in python_files() if GENERATED not in f"/{name}"]
    shown = run_tool("ruff", ["check", "--show-files", "."]).lines
    seen = {_within(line) for line in shown}
    faults = [f"{name} is looked at by nobody" for name in files if name not in seen]
    faults += _hidden(files, UNLOOKED_LINT, "asks for no lint at all")
    faults += _hidden(files, UNLOOKED_FORMAT, "asks not to be formatted")
    lint = run_tool(
        "ruff", ["check", "--output-format", "concise", "."], report="ruff.txt"
    )
    form = run_tool(
        "ruff",
        ["format", "--check", "--output-format", "concise", "."],
        report="format.txt",
    )
    faults += [line for line in lint.lines + form.lines if FINDING.match(line)]
    faults += _broke("ruff check", lint.status, lint.errors, faults)
    faults += _broke("ruff format", form.status, form.errors, faults)
    return Measurement.of_faults(
        faults, f"{plural(len(files), 'file')}, nothing to say"
    )


@probe(
    "mypy",
    title="The type checker passes",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def mypy(params: Params) -> Measurement:
    """Counts what mypy finds in every Python file of the commit but migrations."""
    files = [name for name in python_files() if GENERATED not in f"/{name}"]
    return _types(files, [], "mypy.txt")


@probe(
    "mypy_strict",
    title="Everything that ships is typed, strictly",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def mypy_strict(params: Params) -> Measurement:
    """As `mypy`, with --strict, of the product's own files."""
    return _types(product_files(), ["--strict"], "mypy-strict.txt")


def _types(files: list[str], arguments: list[str], report: str) -> Measurement:
    faults = [
        *_hidden(files, UNLOOKED_TYPES, "asks for no types at all"),
        *_loosened({name.split("/")[0].removesuffix(".py") for name in files}),
    ]
    # Each file by its name: no `exclude` of a configuration leaves one out.
    said = run_tool("mypy", [*arguments, *files], report=report)
    faults += [line for line in said.lines if ": error:" in line]
    counted = SUCCESS.search(said.output)
    if counted and int(counted[1]) < len(files):
        faults.append(f"it looked at {counted[1]} of {len(files)} files")
    faults += _broke("mypy", said.status, said.errors or said.output, faults)
    return Measurement.of_faults(
        faults,
        f"{plural(len(files), 'file')}, no issue",
        facts={"files": str(len(files))},
    )


def _hidden(files: Iterable[str], mark: re.Pattern[str], said: str) -> Iterator[str]:
    root = Path(settings.BASE_DIR)
    for name in files:
        if mark.search((root / name).read_text(encoding="utf-8")):
            yield f"{name} {said}"


def _loosened(packages: set[str]) -> Iterator[str]:
    """Sections of mypy's configuration by which our own code is not looked at."""
    path = Path(settings.BASE_DIR) / "pyproject.toml"
    mypy = (
        tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("mypy", {})
    )
    for section in [{"module": "*", **mypy}, *mypy.get("overrides", ())]:
        for module in _modules(section):
            if module.split(".")[0] not in packages | {"*"}:
                continue
            yield from (
                f"pyproject.toml: {name} = {section[name]} for {module}"
                for name in LOOSENING
                if section.get(name) not in {None, False, "normal"}
            )


def _modules(section: dict[str, Any]) -> list[str]:
    module = section["module"]
    return [module] if isinstance(module, str) else list(module)


def _broke(tool: str, status: int, said: str, faults: list[str]) -> list[str]:
    """A tool that failed without naming anything did not look."""
    if status == 0 or faults:
        return []
    last = said.strip().splitlines()
    return [f"{tool} ended with {status}: {last[-1][:200] if last else 'no word'}"]


def _within(line: str) -> str:
    root = Path(settings.BASE_DIR)
    path = Path(line)
    return str(path.relative_to(root)) if path.is_relative_to(root) else line
