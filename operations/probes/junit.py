"""Suites of tests, by the JUnit file of this commit: every test is there and passed."""

from __future__ import annotations

from datetime import timedelta

from kernel import build
from kernel.display import plural
from kernel.registry import Measurement, Params, Weight, probe
from operations.domain.xml_reports import (
    JUnit,
    NoReport,
    Suite,
    read_coverage,
    read_junit,
    suite_of,
)
from operations.services import reports, sources

FRESH = timedelta(days=365)
NO_REPORT = "there is no report of this commit: `make evidence`, or attest one"


@probe(
    "junit",
    title="Every test of a suite passed",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def junit(params: Params) -> Measurement:
    """Counts tests of `suite` that pytest names at this commit and that the newest
    report has not as passed: failed, skipped or missing."""
    return _suite(Suite(params.get("suite", Suite.UNIT)))


@probe(
    "smoke",
    title="The product starts, answers, lets people in, books and shows",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def smoke(params: Params) -> Measurement:
    return _suite(Suite.SMOKE)


def _suite(suite: Suite) -> Measurement:
    commit = build.running().commit
    content = reports.read(commit, reports.JUNIT[suite])
    if content is None:
        return Measurement.uncollected(f"suite {suite}: {NO_REPORT}")
    try:
        report = read_junit(content)
    except NoReport as error:
        return Measurement.of_faults([f"the report cannot be read: {error}"], "")
    return _measured(suite, report, commit, content)


def _measured(suite: Suite, report: JUnit, commit: str, content: bytes) -> Measurement:
    named = {test for test in sources.collected() if suite_of(test) == suite}
    faults = report.faults(named)
    if report.commit not in {"", commit}:
        faults.insert(0, f"the report is about commit {report.commit[:12]}")
    if not named:
        faults.append(f"there is no test in suite {suite}")
    return Measurement.of_faults(
        faults,
        f"suite {suite}: {len(named)} tests, all passed",
        facts={"suite": suite, "tests": str(len(named))},
        raw=content,
    )


@probe(
    "coverage",
    title="How much of the product the tests run",
    about="files",
    freshness=FRESH,
    weight=Weight.HEAVY,
)
def coverage(params: Params) -> Measurement:
    """Per cent of all statements of the product, each file that ships counted."""
    content = reports.read(build.running().commit, reports.COVERAGE)
    if content is None:
        return Measurement.uncollected(f"coverage: {NO_REPORT}")
    try:
        report = read_coverage(content)
    except NoReport as error:
        return Measurement("0", f"the report cannot be read: {error}", "%")
    wanted = sources.statements()
    missing = sorted(set(wanted) - set(report.files))
    return Measurement(
        f"{report.percent(wanted):.1f}",
        f"{plural(len(wanted), 'file')} of the product"
        + (f", {len(missing)} not in the report: {missing[0]}" if missing else ""),
        "%",
        facts={"files": str(len(wanted)), "missing": str(len(missing))},
        raw=content,
    )
