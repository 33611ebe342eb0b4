"""Suites and coverage by reports: each fault, and reports that are right only where
somebody looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kernel.build import Build
from operations.domain.xml_reports import Suite
from operations.services import reports, sources, suites
from operations.services.sources import NotHere
from tests.domain.test_xml_reports import COMMIT, case, coverage, junit, source
from tests.probing import see

HEAD = "ab" * 20
SECURITY = "tests.security.test_csrf"
TESTS = frozenset(
    {f"{SECURITY}::good", f"{SECURITY}::better", "tests.smoke.test_a::it"}
)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr("kernel.build.running", lambda: Build(HEAD, clean=True))
    monkeypatch.setattr(sources, "collected", lambda: TESTS)


def faults_of(content: bytes, suite: str = "security") -> str:
    reports.keep(HEAD, f"junit-{suite}.xml", content)
    seen = see("junit", suite=suite)
    assert seen.error == ""
    return "" if seen.value == "0" else seen.detail


def test_a_suite_of_which_all_passed_is_clean() -> None:
    assert faults_of(junit(case("good"), case("better"))) == ""
    assert see("junit", suite="security").facts["tests"] == "2"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (junit(case("good"), case("better", "<failure/>")), "better failed"),
        (junit(case("good"), case("better", "<skipped/>")), "better was skipped"),
        (b"<testsuites/>", "cannot be read: it names no test"),
    ],
)
def test_a_test_that_did_not_pass_is_a_fault(content: bytes, fault: str) -> None:
    assert fault in faults_of(content)


def test_a_report_that_passes_because_it_leaves_tests_out_is_found() -> None:
    """All that it names passed."""
    assert "better is missing" in faults_of(junit(case("good")))


def test_a_good_report_of_another_commit_is_found() -> None:
    other = junit(case("good"), case("better"), before=COMMIT("cd" * 20))
    assert faults_of(other) == "the report is about commit cdcdcdcdcdcd"


def test_tests_of_the_same_name_elsewhere_do_not_stand_in() -> None:
    content = junit(
        case("good", of="tests.trades.test_csrf"),
        case("better", of="tests.trades.test_csrf"),
    )
    assert "good is missing" in faults_of(content)


def test_a_suite_without_a_test_proves_nothing() -> None:
    assert faults_of(junit(case("good")), "performance") == (
        "there is no test in suite performance"
    )


def test_the_smoke_line_reads_its_own_suite() -> None:
    """The others may have passed."""
    reports.keep(HEAD, "junit-security.xml", junit(case("good"), case("better")))
    assert see("smoke").error.startswith("suite smoke: there is no report")
    reports.keep(HEAD, "junit-smoke.xml", junit(case("it", of="tests.smoke.test_a")))
    assert see("smoke").value == "0"


def test_a_smoke_test_that_did_not_run_is_a_fault() -> None:
    reports.keep(HEAD, "junit-smoke.xml", junit(case("ti", of="tests.smoke.test_a")))
    assert see("smoke").detail == "tests.smoke.test_a::it is missing"


def test_without_a_report_nothing_is_measured() -> None:
    assert see("junit", suite="unit").value is None
    assert see("coverage").value is None


def test_where_the_tests_are_not_no_report_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody can say which tests there should be."""

    def away() -> frozenset[str]:
        raise NotHere("pytest does not tell which tests there are: no module")

    monkeypatch.setattr(sources, "collected", away)
    reports.keep(HEAD, "junit-security.xml", junit(case("good"), case("better")))
    with pytest.raises(NotHere):
        see("junit", suite="security")


def test_an_unknown_suite_is_an_error() -> None:
    with pytest.raises(ValueError, match="nice"):
        see("junit", suite="nice")


# --- coverage


@pytest.fixture
def product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "statements", lambda: {"a.py": 4, "b.py": 6})


@pytest.mark.usefixtures("product")
def test_coverage_is_of_the_whole_product() -> None:
    report = coverage(source("a.py", 1, 1, 1, 1), source("b.py", 1, 1, 1, 1, 1, 0))
    reports.keep(HEAD, "coverage.xml", report)
    assert (see("coverage").value, see("coverage").unit) == ("90.0", "%")


@pytest.mark.usefixtures("product")
def test_a_report_of_the_well_tested_file_alone_is_found() -> None:
    """It says 100 % of what it knows."""
    reports.keep(HEAD, "coverage.xml", coverage(source("a.py", 1, 1, 1, 1)))
    seen = see("coverage")
    assert (seen.value, seen.facts["missing"]) == ("40.0", "1")
    assert "1 not in the report: b.py" in seen.detail


@pytest.mark.usefixtures("product")
def test_tests_that_cover_themselves_do_not_help() -> None:
    lines = [1] * 90
    report = coverage(source("a.py", 0, 0), source("tests/a.py", *lines))
    reports.keep(HEAD, "coverage.xml", report)
    assert see("coverage").value == "0.0"


def test_a_coverage_that_cannot_be_read_is_none() -> None:
    reports.keep(HEAD, "coverage.xml", b"<html/>")
    assert see("coverage").value == "0"


# --- where reports and tests come from


def test_a_file_too_large_is_no_report() -> None:
    path = reports.keep(HEAD, "coverage.xml", b" " * (reports.MOST_BYTES + 1))
    assert reports.read(HEAD, "coverage.xml") is None
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../a.xml", "a/b.xml", ".coverage", "a.exe"])
def test_a_report_lies_nowhere_else(name: str) -> None:
    with pytest.raises(ValueError, match="no report's name"):
        reports.read(HEAD, name)


def test_reports_of_old_commits_make_room() -> None:
    for number in range(reports.KEPT_COMMITS + 3):
        reports.keep(f"{number:040x}", "coverage.xml", b"<coverage/>")
    there = list(reports.folder_of(HEAD).parent.iterdir())
    assert len(there) == reports.KEPT_COMMITS


def test_the_product_is_every_file_that_ships() -> None:
    files = sources.product_files()
    assert {"kernel/errors.py", "readiness/api/attestations.py"} <= set(files)
    assert not [name for name in files if "/migrations/" in name]
    assert not [name for name in files if name.startswith(("tests/", "benchmarks/"))]
    assert sources.statements()["operations/services/bell.py"] > 5


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """A small project with a suite of its own."""
    settings.BASE_DIR = tmp_path / "tree"
    folder = settings.BASE_DIR / "tests" / "security"
    folder.mkdir(parents=True)
    for name in (folder, folder.parent):
        (name / "__init__.py").touch()
    (folder / "test_a.py").write_text(
        "def test_good(): pass\ndef test_bad(): assert False\n"
    )
    (settings.BASE_DIR / "pyproject.toml").write_text(
        "[tool.coverage.run]\nsource = ['.']\n[tool.pytest.ini_options]\naddopts = '-q'"
    )
    monkeypatch.undo()
    settings.BASE_DIR = tmp_path / "tree"
    settings.STATE_DIR = tmp_path
    return tmp_path / "tree"


def test_a_suite_that_really_ran_is_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.build.running", lambda: Build(HEAD, clean=True))
    monkeypatch.setattr(suites, "_workers", list)
    suites.forget_coverage(HEAD)
    assert "1 failed, 1 passed" in suites.run_suite(Suite.SECURITY, HEAD)
    suites.write_coverage(HEAD)
    assert reports.read(HEAD, "coverage.xml")
    sources._collected.cache_clear()
    seen = see("junit", suite="security")
    sources._collected.cache_clear()
    assert (seen.value, seen.detail) == ("1", "tests.security.test_a::test_bad failed")


def test_a_suite_without_a_folder_is_not_there(tree: Path) -> None:
    with pytest.raises(NotHere, match="no folder of tests for suite smoke"):
        suites.run_suite(Suite.SMOKE, HEAD)


def test_parts_of_a_suite_become_one_report() -> None:
    from operations.domain.xml_reports import read_junit

    whole = suites.joined([junit(case("a")), junit(case("b", "<failure/>"))])
    assert set(read_junit(whole).outcomes) == {f"{SECURITY}::a", f"{SECURITY}::b"}


def test_tests_get_nothing_of_the_products_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://desk")
    assert "DATABASE_URL" not in sources.bare_environment()
    assert "PATH" in sources.bare_environment()
