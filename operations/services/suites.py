"""Running the tests of this commit, a suite at a time, as children of ours.

They have an environment of their own: no setting of the product that runs, no database
of its. What they write is kept as a report of the commit; a probe judges it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring
from django.conf import settings

from operations.domain.xml_reports import FOLDERS, Suite
from operations.services import reports
from operations.services.sources import NotHere, bare_environment

SUITE_SECONDS = 5_400
REPORT_SECONDS = 300
# Promises in seconds, and whole topologies: nothing else runs beside them.
ALONE = ("faults", "services", "performance")


def run_suite(suite: Suite, commit: str) -> str:
    """Run it and keep its report; one sentence for people. Raises NotHere where there
    is nothing to run."""
    parts = []
    with tempfile.TemporaryDirectory(prefix="rrr-suite-") as folder:
        for number, arguments in enumerate(_commands(suite)):
            path = Path(folder) / f"{number}.xml"
            said = _pytest([*arguments, f"--junitxml={path}"], commit)
            if not path.exists():
                raise NotHere(f"suite {suite} did not run: {said}")
            parts.append(path.read_bytes())
    reports.keep(commit, reports.JUNIT[suite], joined(parts))
    return said


def write_coverage(commit: str) -> str:
    """The report of what all suites that ran have covered together."""
    with tempfile.TemporaryDirectory(prefix="rrr-coverage-") as folder:
        path = Path(folder) / "coverage.xml"
        said = _tool(["coverage", "xml", "-q", "-o", str(path)], commit, REPORT_SECONDS)
        if not path.exists():
            raise NotHere(f"there is no coverage: {said}")
        reports.keep(commit, reports.COVERAGE, path.read_bytes())
    return "the lines that ran are written down"


def forget_coverage(commit: str) -> None:
    """What suites of an earlier run have covered is not added to this one's."""
    _coverage_file(commit).unlink(missing_ok=True)


def joined(parts: list[bytes]) -> bytes:
    """JUnit files of parts of one suite as one."""
    whole = Element("testsuites")
    for part in parts:
        root = fromstring(part)
        whole.extend(root if root.tag == "testsuites" else [root])
    return bytes(tostring(whole, encoding="utf-8", xml_declaration=True))


def _commands(suite: Suite) -> Iterator[list[str]]:
    root = Path(settings.BASE_DIR) / "tests"
    if suite in FOLDERS:
        folders = [f"tests/{name}" for name in FOLDERS[suite] if (root / name).is_dir()]
        if not folders:
            raise NotHere(f"there is no folder of tests for suite {suite}")
        yield folders if set(FOLDERS[suite]) & set(ALONE) else [*_workers(), *folders]
        return
    others = {name for folders in FOLDERS.values() for name in folders}
    ignored = [f"--ignore=tests/{name}" for name in sorted(others | set(ALONE))]
    yield [*_workers(), "tests", *ignored]
    yield from (
        [f"tests/{name}"]
        for name in ALONE
        if name not in others and (root / name).is_dir()
    )


def _workers() -> list[str]:
    """One more than there are processors: whoever waits for a product leaves room."""
    return ["-n", str((os.cpu_count() or 1) + 1)]


def _pytest(arguments: list[str], commit: str) -> str:
    covered = ["--cov", "--cov-append", "--cov-report="]
    return _tool(["pytest", "-p", "no:cacheprovider", *covered, *arguments], commit)


def _tool(arguments: list[str], commit: str, seconds: int = SUITE_SECONDS) -> str:
    """The last line that it said."""
    file = _coverage_file(commit)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [sys.executable, "-m", *arguments],
        cwd=settings.BASE_DIR,
        env={**bare_environment(), "COVERAGE_FILE": str(file)},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    said = done.stdout or done.stderr
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit {done.returncode}"


def _coverage_file(commit: str) -> Path:
    return reports.folder_of(commit) / ".coverage"
