"""The files of this commit, as git names them, and the tests that pytest collects."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from kernel import build
from operations.domain.xml_reports import junit_name

COLLECT_SECONDS = 600
NO_PRODUCT = frozenset({"tests", "benchmarks", "docs"})
# What a tool of ours needs of our environment: no setting, no secret, no database.
PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CI", "VIRTUAL_ENV"),
    # The way out to what a tool asks, where a company's proxy stands in it.
    *("HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
)


class NotHere(OSError):
    """What is asked about is not on this machine; the text says what."""


def bare_environment() -> dict[str, str]:
    """For tools and tests, which read no setting of the product that runs."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def python_files() -> list[str]:
    """Every Python file of the commit, by its path in the tree. Raises NotHere."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py"],  # noqa: S607 - fixed words, no shell
        cwd=settings.BASE_DIR,
        capture_output=True,
        timeout=10,
        check=False,
    )
    files = listed.stdout.decode().split("\0")
    if listed.returncode or not any(files):
        raise NotHere("the tree of the commit is not here: git lists no files")
    return sorted(name for name in files if name)


def product_files() -> list[str]:
    """Those that ship and are not generated: no tests, benchmarks, docs, migrations."""
    return [
        name
        for name in python_files()
        if "/" in name
        and name.split("/")[0] not in NO_PRODUCT
        and "migrations" not in name.split("/")
    ]


def statements() -> Mapping[str, int]:
    """{file of the product: its statements, without docstrings}."""
    root = Path(settings.BASE_DIR)
    return {
        name: _statements((root / name).read_text(encoding="utf-8"))
        for name in product_files()
    }


def _statements(text: str) -> int:
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    return sum(
        not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in nodes
    )


def collected() -> frozenset[str]:
    """Every test of this commit, as JUnit files call it. Raises NotHere."""
    return _collected(build.look().commit)


@cache
def _collected(commit: str) -> frozenset[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"],
        cwd=settings.BASE_DIR,
        env=bare_environment(),
        capture_output=True,
        timeout=COLLECT_SECONDS,
        check=False,
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    tests = frozenset(
        junit_name(line) for line in lines if line.startswith("tests/") and "::" in line
    )
    if done.returncode or not tests:
        said = (done.stderr.decode("utf-8", "replace").splitlines() or lines or [""])[
            -1
        ]
        raise NotHere(f"pytest does not tell which tests there are: {said[:200]}")
    return tests
