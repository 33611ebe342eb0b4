"""Which lines of the seed's checklist prove themselves, and what each other one lacks.

Every probe is run directly, on the product of this process and with stored reports. Those
that start processes of their own beside a committed database stand here with a clean
result: they are really run by the tests of their own (limits, instances, the cut, a
restore, the lock).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from kernel.build import Build
from kernel.registry import PROBES, Measurement, Params, Probe, Weight
from operations.domain.bench import ASKED
from operations.domain.xml_reports import Suite, suite_of
from operations.models import Rule
from operations.probes import schema_fuzz
from operations.services import probing, reports, sources
from operations.services.pins import LOCK, pinned
from operations.services.tools import Said
from readiness.models import Review, Section
from readiness.queries.board import BoardRow, board
from readiness.services.evidence.collecting import collect
from readiness.services.importing import Importing, import_template
from readiness.services.publishing import publish
from readiness.services.reviews import NewReview, open_review
from tests.domain.test_xml_reports import coverage, source
from tests.shared.conftest import SHARED

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("own"),
    pytest.mark.embedded,
]
HEAD = "ab" * 20


def numbers(text: str) -> frozenset[int]:
    """ "16, 30-33" -> {16, 30, 31, 32, 33}."""
    ranges = (part.split("-") for part in text.split(", "))
    return frozenset(
        number for ends in ranges for number in range(int(ends[0]), int(ends[-1]) + 1)
    )


UNAIDED = numbers(
    "16, 30-33, 36-39, 43-46, 53, 76, 81, 82, 99, 109, 112, 120-122, 125-129, 140, 145, "
    "156, 167, 202, 243"
)
AFTER_EVIDENCE = UNAIDED | numbers(
    "50, 86-89, 92, 175, 178, 182, 186, 189, 192, 227, 230, 237"
)
WITH_ADVISORIES = AFTER_EVIDENCE | {64, 247}
# They start instances, or restore what was committed. What is installed may be more
# than what is pinned, while somebody adds a package.
ELSEWHERE = (
    *("ratelimit", "multi_instance", "health_db", "backup_restore"),
    "lock_vs_installed",
)
TESTS = frozenset(
    f"tests.{folder}.test_a::test_b"
    for folder in ("trades", "security", "performance", "e2e", "processes", "smoke")
)
MEASURED: dict[tuple[str, str], Measurement] = {}
OPERATIONS = ("me", "trade_read")


def clean(params: Params) -> Measurement:
    return Measurement("0", "as the probe's own tests show", "faults")


# Of the files as they are: parsing all of them takes seconds.
statements = cache(sources.statements)


def measured_once(known: Probe, params: Params) -> Measurement:
    """A walk through every route takes a minute: all tests look at the same one."""
    key = known.name, json.dumps(dict(params), sort_keys=True)
    if key not in MEASURED:
        MEASURED[key] = known.function(params)
    return MEASURED[key]


def test_the_sets_are_as_large_as_was_said() -> None:
    assert [len(UNAIDED), len(AFTER_EVIDENCE), len(WITH_ADVISORIES)] == [34, 49, 51]


@pytest.fixture(autouse=True)
def _this_commit(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    """The tree is clean and this process runs it; reports lie apart."""
    monkeypatch.setattr("kernel.build.running", lambda: Build(HEAD, clean=True))
    monkeypatch.setattr("kernel.build.look", lambda: Build(HEAD, clean=True))
    monkeypatch.setattr("operations.services.reports._folder", lambda: tmp_path)
    monkeypatch.setattr(sources, "collected", lambda: TESTS)
    monkeypatch.setattr(sources, "statements", statements)
    monkeypatch.setattr(schema_fuzz, "_described", lambda: set(OPERATIONS))
    for name in ELSEWHERE:
        monkeypatch.setitem(PROBES, name, replace(PROBES[name], function=clean))
    for name, known in list(PROBES.items()):
        if known.weight is not Weight.HEAVY:
            once = replace(known, function=partial(measured_once, known))
            monkeypatch.setitem(PROBES, name, once)
    Rule.objects.update(judged_at=timezone.now())


@pytest.fixture
def review(person: Callable[..., User]) -> Review:
    """Of the checklist as it was received."""
    admin, ada = person("root", "Administrator"), person("ada", "Developer")
    received = SHARED / "seed" / "production_readiness_checklist_as_received.md"
    version = import_template(received.read_bytes(), Importing("Seed"), admin)
    new = NewReview(
        version=publish(version, admin),
        release="1.0.0",
        commit=HEAD,
        environment="development",
    )
    return open_review(new, ada)


def ask(review: Review, weights: Iterable[Weight]) -> None:
    """Run the probes of the review's lines, each question once, and judge them."""
    asked = {
        (check.probe, json.dumps(check.params, sort_keys=True))
        for row in board(review, timezone.now()).rows
        for check in row.shape.checks
        if PROBES[check.probe].weight in weights
    }
    for name, params in sorted(asked):
        probing.run(name, json.loads(params))
    collect(timezone.now())


def rows_of(review: Review) -> Mapping[int, BoardRow]:
    """{line of the document: how it stands}."""
    with (SHARED / "seed" / "seed_lines.tsv").open(encoding="utf-8") as file:
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        at = [int(row["line"]) for row in lines]
    rows = board(review, timezone.now() + timedelta(seconds=1)).rows
    return dict(zip(at, rows, strict=True))


def proven(review: Review) -> set[int]:
    return {number for number, row in rows_of(review).items() if row.state == "proven"}


def junit_of(suite: Suite) -> bytes:
    cases = "".join(
        f'<testcase classname="{name.partition("::")[0]}" name="test_b"/>'
        for name in TESTS
        if suite_of(name) == suite
    )
    return f"<testsuites><testsuite>{cases}</testsuite></testsuites>".encode()


@cache
def all_covered() -> bytes:
    return coverage(*(source(name, *[1] * n) for name, n in statements().items()))


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make evidence` leaves where everything is well."""
    for suite in Suite:
        reports.keep(HEAD, f"junit-{suite}.xml", junit_of(suite))
    reports.keep(HEAD, "coverage.xml", all_covered())
    load = {"seconds": 10.0, "statuses": {"200": 6000}, "people": 20}
    times = {name: [10.0] * 200 for name in ASKED}
    bench = {"samples": times, "errors": 0, "load": load}
    reports.keep(HEAD, "bench.json", json.dumps(bench).encode())
    row = {"statuses": {"200": 20, "404": 20}, "problems": {}}
    told = {"seed": 15, "examples": 100, "sent": 80}
    fuzz = {**told, "operations": dict.fromkeys(OPERATIONS, row)}
    reports.keep(HEAD, "fuzz.json", json.dumps(fuzz).encode())
    monkeypatch.setattr("operations.probes.code.run_tool", nothing_found)
    monkeypatch.setattr("operations.probes.scans.run_tool", unreachable)


def nothing_found(module: str, arguments: Sequence[str], **given: str) -> Said:
    files = [name for name in arguments if name.endswith(".py")]
    shown = "\n".join(sources.python_files())
    if module == "mypy":
        return Said(0, f"Success: no issues found in {len(files)} source files\n")
    return Said(0, shown if "--show-files" in arguments else "")


def unreachable(module: str, arguments: Sequence[str], **given: str) -> Said:
    if module == "pip_audit":
        return Said(1, "", "ConnectionError: the name does not resolve")
    return clean_scan(module, arguments)


def clean_scan(module: str, arguments: Sequence[str], **given: str) -> Said:
    files = [name for name in arguments if name.endswith(".py")]
    if module == "bandit":
        metrics: dict[str, dict[str, int]] = {name: {} for name in files}
        return Said(0, json.dumps({"results": [], "errors": [], "metrics": metrics}))
    packages = [
        {"name": each.name, "version": str(each.specifier).lstrip("="), "vulns": []}
        for each in pinned(LOCK)
    ]
    return Said(0, json.dumps({"dependencies": packages}))


def test_unaided_exactly_these_lines_prove_themselves(review: Review) -> None:
    ask(review, [Weight.QUICK, Weight.LONG])
    assert connection.vendor == "sqlite"
    rows = rows_of(review)
    lacking = {
        number: rows[number].derived.reason for number in UNAIDED - proven(review)
    }
    assert lacking == {}
    assert proven(review) == UNAIDED


@pytest.mark.usefixtures("evidence")
def test_after_make_evidence_exactly_these_and_each_other_says_what_it_lacks(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(review, list(Weight))
    assert proven(review) == AFTER_EVIDENCE
    for number, row in rows_of(review).items():
        if row.state != "proven" and row.shape.section.kind == Section.Kind.CHECKS:
            assert row.derived.reason, number
            assert "is not available" not in row.derived.reason, number
    monkeypatch.setattr("operations.probes.scans.run_tool", clean_scan)
    ask(review, [Weight.HEAVY])
    assert proven(review) == WITH_ADVISORIES


@pytest.mark.usefixtures("evidence")
def test_without_a_browser_its_line_alone_is_missing(review: Review) -> None:
    skipped = junit_of(Suite.INTEGRATION).replace(
        b'e2e.test_a" name="test_b"/>',
        b'e2e.test_a" name="test_b"><skipped/></testcase>',
    )
    reports.keep(HEAD, "junit-integration.xml", skipped)
    ask(review, list(Weight))
    assert proven(review) == AFTER_EVIDENCE - {186}
    assert "was skipped" in rows_of(review)[186].derived.reason


def test_there_is_a_probe_behind_every_name_of_the_list() -> None:
    with (SHARED / "seed" / "seed_lines.tsv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    named = {
        name
        for row in lines
        for name in row["probe"].split("+")
        if name and "(" not in name and name not in {"optional", "signature"}
    }
    assert len(named) == 43
    assert named - set(PROBES) == set()
