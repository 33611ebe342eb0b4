"""Reports of tests and of coverage as tools write them: JUnit and Cobertura XML.

They come from somebody else: nothing in them is expanded, what is no report is refused
with a sentence, and what counts is added up from the lines and cases themselves, never
read from a total. Pure.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

MOST_ELEMENTS = 1_000_000


class NoReport(ValueError):
    """These bytes are no report of the kind they were announced as; the text says why."""


class Suite(StrEnum):
    """A suite is a folder of tests; unit is the rest."""

    UNIT = "unit"
    SECURITY = "security"
    PERFORMANCE = "performance"
    INTEGRATION = "integration"
    SMOKE = "smoke"


FOLDERS: Mapping[Suite, tuple[str, ...]] = {
    Suite.SECURITY: ("security",),
    Suite.PERFORMANCE: ("performance",),
    Suite.INTEGRATION: ("e2e", "processes"),
    Suite.SMOKE: ("smoke",),
}


class CaseOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class JUnit:
    """{test: how it came out}; a test is called as `junit_name` calls it. `commit` is
    what the file itself says that it is about, "" where it does not."""

    outcomes: Mapping[str, CaseOutcome]
    commit: str = ""

    @property
    def suites(self) -> list[Suite]:
        return sorted({suite_of(test) for test in self.outcomes})

    def faults(self, named: Collection[str]) -> list[str]:
        """What is wrong with the tests that should be there, worst first."""
        rank = {"failed": 0, "is missing": 1, "was skipped": 2}
        told = [
            (rank[word], f"{test} {word}")
            for test in sorted(named)
            if (word := self._fault(test))
        ]
        return [text for _, text in sorted(told)]

    def _fault(self, test: str) -> str:
        outcome = self.outcomes.get(test)
        if outcome is None:
            return "is missing"
        return {CaseOutcome.FAILED: "failed", CaseOutcome.SKIPPED: "was skipped"}.get(
            outcome, ""
        )


def junit_name(node: str) -> str:
    """The name of pytest's `tests/a/test_b.py::Story::test_c[1]` in a JUnit file:
    `tests.a.test_b.Story::test_c[1]`."""
    address, bracket, params = node.partition("[")
    path, *rest = address.split("::")
    parts = [path.removesuffix(".py").replace("/", "."), *rest]
    return f"{'.'.join(parts[:-1])}::{parts[-1]}{bracket}{params}"


def suite_of(test: str) -> Suite:
    folder = [*test.split("."), ""][1]
    for suite, folders in FOLDERS.items():
        if folder in folders:
            return suite
    return Suite.UNIT


def read_junit(content: bytes) -> JUnit:
    """Raises NoReport."""
    outcomes: dict[str, CaseOutcome] = {}
    commits: set[str] = set()
    for element in _elements(content, {"testsuites", "testsuite"}):
        if element.tag == "testcase":
            test = f"{element.get('classname', '')}::{element.get('name', '')}"
            outcomes[test] = _worse(outcomes.get(test), _outcome(element))
            element.clear()
        elif element.tag == "property" and element.get("name") == "commit":
            commits.add(str(element.get("value")))
    if not outcomes:
        raise NoReport("it names no test")
    if len(commits) > 1:
        raise NoReport("it is about several commits")
    return JUnit(outcomes, commits.pop() if commits else "")


def _outcome(element: Any) -> CaseOutcome:
    children = {child.tag for child in element}
    if children & {"failure", "error"}:
        return CaseOutcome.FAILED
    return CaseOutcome.SKIPPED if "skipped" in children else CaseOutcome.PASSED


def _worse(known: CaseOutcome | None, seen: CaseOutcome) -> CaseOutcome:
    """A test that is named twice (its teardown failed) came out as the worse of both."""
    ranks = [CaseOutcome.FAILED, CaseOutcome.SKIPPED, CaseOutcome.PASSED]
    return seen if known is None else min(known, seen, key=ranks.index)


@dataclass(frozen=True)
class Coverage:
    """{source file: (lines that ran, lines there are)}."""

    files: Mapping[str, tuple[int, int]]

    def percent(self, wanted: Mapping[str, int]) -> float:
        """Of all source files {path: its statements}: what the report leaves out, a
        file or a statement, did not run, and what is no source file counts for
        nothing."""
        ran = there = 0
        for path, statements in wanted.items():
            file_ran, lines = self.files.get(path, (0, 0))
            ran, there = ran + file_ran, there + max(lines, statements)
        return 100 * ran / there if there else 0.0


def read_coverage(content: bytes) -> Coverage:
    """Cobertura's, as `coverage xml` writes it. Raises NoReport."""
    files: dict[str, tuple[int, int]] = {}
    for element in _elements(content, {"coverage"}):
        if element.tag == "class":
            hits = dict(_hits(element))
            ran = sum(times > 0 for times in hits.values())
            files[str(element.get("filename"))] = ran, len(hits)
            element.clear()
    if not files:
        raise NoReport("it names no source file")
    return Coverage(files)


def _hits(element: Any) -> Iterator[tuple[str, int]]:
    try:
        for line in element.iter("line"):
            yield str(line.get("number")), int(line.get("hits", "0"))
    except ValueError:
        raise NoReport("a line's hits are no number") from None


def _elements(content: bytes, roots: set[str]) -> Iterator[Any]:
    """Every element as it ends; the outermost must be one of `roots`."""
    events: Iterable[tuple[str, Any]] = iterparse(
        io.BytesIO(content), events=("start", "end")
    )
    seen = 0
    try:
        for event, element in events:
            if event == "start":
                seen += 1
                if seen == 1 and element.tag not in roots:
                    wanted = " or ".join(sorted(roots))
                    raise NoReport(f"its outermost element is no {wanted}")
                if seen > MOST_ELEMENTS:
                    raise NoReport(f"it has more than {MOST_ELEMENTS:,} elements")
            else:
                yield element
    except DefusedXmlException:
        raise NoReport("it declares entities: they are never expanded") from None
    except ParseError as error:
        raise NoReport(f"it is no XML: {error}") from None
