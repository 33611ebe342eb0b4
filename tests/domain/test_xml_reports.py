"""Reports of tests and coverage: read as they are, believed in nothing they add up."""

from __future__ import annotations

import pytest

from operations.domain.xml_reports import (
    CaseOutcome,
    NoReport,
    Suite,
    junit_name,
    read_coverage,
    read_junit,
    suite_of,
)


def case(name: str, inside: str = "", of: str = "tests.security.test_csrf") -> str:
    return f'<testcase classname="{of}" name="{name}">{inside}</testcase>'


def junit(*cases: str, before: str = "") -> bytes:
    return f"<testsuites><testsuite>{before}{''.join(cases)}</testsuite></testsuites>".encode()


NAME = "tests.security.test_csrf::{}".format


def test_each_test_comes_out_as_it_did() -> None:
    report = read_junit(
        junit(
            case("good"),
            case("bad", "<failure/>"),
            case("broken", "<error/>"),
            case("left", "<skipped/>"),
        )
    )
    assert report.outcomes == {
        NAME("good"): CaseOutcome.PASSED,
        NAME("bad"): CaseOutcome.FAILED,
        NAME("broken"): CaseOutcome.FAILED,
        NAME("left"): CaseOutcome.SKIPPED,
    }


@pytest.mark.parametrize(("first", "second"), [("", "<error/>"), ("<error/>", "")])
def test_a_test_whose_end_failed_failed(first: str, second: str) -> None:
    report = read_junit(junit(case("a", first), case("a", second)))
    assert report.faults({NAME("a")}) == [f"{NAME('a')} failed"]


def test_what_is_skipped_or_missing_is_a_fault_and_what_nobody_asks_for_is_none() -> (
    None
):
    report = read_junit(junit(case("left", "<skipped/>"), case("good"), case("more")))
    wanted = {NAME(name) for name in ("left", "good", "away")}
    assert report.faults(wanted) == [
        f"{NAME('away')} is missing",
        f"{NAME('left')} was skipped",
    ]


@pytest.mark.parametrize(
    ("node", "called"),
    [
        ("tests/a/test_b.py::test_c", "tests.a.test_b::test_c"),
        ("tests/a/test_b.py::Story::test_c", "tests.a.test_b.Story::test_c"),
        (
            "tests/a/test_b.py::test_c[1-x::y/z.py]",
            "tests.a.test_b::test_c[1-x::y/z.py]",
        ),
    ],
)
def test_a_test_has_one_name(node: str, called: str) -> None:
    assert junit_name(node) == called


@pytest.mark.parametrize(
    ("test", "suite"),
    [
        ("tests.security.test_csrf::a", Suite.SECURITY),
        ("tests.e2e.test_tick::a", Suite.INTEGRATION),
        ("tests.processes.test_serve::a", Suite.INTEGRATION),
        ("tests.smoke.test_smoke::a", Suite.SMOKE),
        ("tests.performance.test_growth::a", Suite.PERFORMANCE),
        ("tests.trades.test_books::a", Suite.UNIT),
        ("security::a", Suite.UNIT),
    ],
)
def test_suites_are_folders(test: str, suite: Suite) -> None:
    assert suite_of(test) == suite


COMMIT = '<properties><property name="commit" value="{}"/></properties>'.format


def test_a_report_says_which_commit_it_is_about() -> None:
    assert read_junit(junit(case("a"))).commit == ""
    assert read_junit(junit(case("a"), before=COMMIT("ab" * 20))).commit == "ab" * 20
    with pytest.raises(NoReport, match="several commits"):
        read_junit(junit(case("a"), before=COMMIT("ab" * 20) + COMMIT("cd" * 20)))


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><testsuites><testsuite name="&c;">
<testcase classname="a" name="b"/></testsuite></testsuites>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>
<testsuites><testcase classname="&b;" name="b"/></testsuites>"""


@pytest.mark.parametrize("read", [read_junit, read_coverage])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB, "declares entities"),
        (OUTSIDE, "declares entities"),
        (b"", "is no XML"),
        (b"PK\x03\x04", "is no XML"),
        (b"<html><testcase/></html>", "outermost element is no"),
        (b"<testsuites>", "is no XML|outermost element is no"),
    ],
)
def test_what_is_no_report_is_refused_with_its_reason(read, content, why) -> None:
    with pytest.raises(NoReport, match=why):
        read(content)


def test_a_report_without_a_test_is_none() -> None:
    with pytest.raises(NoReport, match="names no test"):
        read_junit(b"<testsuites/>")


def source(name: str, *hits: int | str) -> str:
    lines = "".join(
        f'<line number="{number}" hits="{times}"/>'
        for number, times in enumerate(hits, 1)
    )
    return f'<class filename="{name}" line-rate="1"><lines>{lines}</lines></class>'


def coverage(*classes: str) -> bytes:
    return f'<coverage line-rate="1">{"".join(classes)}</coverage>'.encode()


def test_what_ran_is_added_up_from_the_lines_whatever_the_totals_say() -> None:
    report = read_coverage(coverage(source("a.py", 1, 0, 0, 3), source("b.py", 1)))
    assert report.percent({"a.py": 4, "b.py": 1}) == 60


def test_a_file_or_line_that_is_left_out_did_not_run() -> None:
    report = read_coverage(coverage(source("a.py", 1, 1)))
    assert report.percent({"a.py": 2, "b.py": 2}) == 50
    assert report.percent({"a.py": 8}) == 25


def test_tests_that_run_themselves_count_for_nothing() -> None:
    report = read_coverage(coverage(source("tests/a.py", 1, 1), source("a.py", 0)))
    assert report.percent({"a.py": 1}) == 0


def test_hits_that_are_no_number_are_refused() -> None:
    with pytest.raises(NoReport, match="no number"):
        read_coverage(coverage(source("a.py", "many")))
    with pytest.raises(NoReport, match="names no source file"):
        read_coverage(b"<coverage/>")
