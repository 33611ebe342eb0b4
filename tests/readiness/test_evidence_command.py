"""`manage.py evidence`: one step after the other, for exactly this commit."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEvent
from kernel.build import Build
from kernel.registry import PROBES, Weight
from operations.domain.xml_reports import Suite
from operations.services import fuzzing, reports, sources, suites
from operations.services.sources import NotHere
from operations.services.tools import Said
from readiness.models import Check, Evidence, Review
from readiness.queries.board import board
from readiness.services.evidence import attesting, heavy
from tests.domain.test_xml_reports import case, junit
from tests.readiness.conftest import COMMIT, log_published

MakeReview = Callable[..., Review]
COMMAND = "readiness.management.commands.evidence"
SECURITY = junit(case("good"))


class Tools:
    """Stands for the children: what was started, in its order."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def tool(self, module: str, arguments: Any = (), **given: Any) -> Said:
        self.started.append(module)
        raise NotHere(f"{module} is not installed here")

    def suite(self, suite: Suite, commit: str) -> str:
        self.started.append(f"suite {suite}")
        if suite != Suite.SECURITY:
            raise NotHere(f"suite {suite} did not run")
        reports.keep(commit, "junit-security.xml", SECURITY)
        return "1 passed"

    def fuzz(self, commit: str) -> str:
        self.started.append("fuzz")
        return "all well"


@pytest.fixture(autouse=True)
def children(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Tools:
    settings.STATE_DIR = tmp_path
    stand_in = Tools()
    places = ("services.tools", "services.kept_answers", "probes.code", "probes.scans")
    for place in places:
        monkeypatch.setattr(f"operations.{place}.run_tool", stand_in.tool)
    # A test's connection is one transaction: nobody closes it.
    monkeypatch.setattr(f"{COMMAND}.close_old_connections", lambda: None)
    monkeypatch.setattr(suites, "run_suite", stand_in.suite)
    monkeypatch.setattr(suites, "write_coverage", lambda commit: "written")
    monkeypatch.setattr(fuzzing, "fuzz", stand_in.fuzz)
    tests = frozenset({"tests.security.test_csrf::good"})
    monkeypatch.setattr(sources, "collected", lambda: tests)
    return stand_in


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> Callable[[Build], None]:
    """The tree is clean, and this process runs it; tree(Build(...)) moves it."""
    monkeypatch.setattr("kernel.build.running", lambda: Build(COMMIT, clean=True))

    def move(found: Build) -> None:
        monkeypatch.setattr("kernel.build.look", lambda: found)

    move(Build(COMMIT, clean=True))
    return move


@pytest.fixture
def review(make_review: MakeReview, ada: User, tree: object) -> Review:
    review = make_review(ada)
    Check.objects.filter(item__key="SEC-01").update(
        probe="junit", params={"suite": "security"}
    )
    log_published(review.version)
    return review


def run(*only: str) -> str:
    out = StringIO()
    call_command("evidence", only=list(only), stdout=out)
    return out.getvalue()


def test_every_heavy_probe_is_asked_and_nothing_else(review: Review) -> None:
    asked = {
        step.title.split()[1]
        for step in heavy.plan()
        if step.title.startswith("probe ")
    }
    assert asked == {
        name for name, probe in PROBES.items() if probe.weight is Weight.HEAVY
    }


def test_the_benchmark_is_first_and_the_long_suite_last(
    review: Review, children: Tools
) -> None:
    run()
    assert children.started[0] == "benchmarks.quick"
    begun = [name for name in children.started if name.startswith("suite")]
    assert begun[-1] == "suite unit"
    assert sorted(begun) == sorted(f"suite {suite}" for suite in Suite)


def test_a_suite_that_passed_proves_its_line_at_once(review: Review) -> None:
    said = run()
    assert "suite security: 1 passed" in said
    assert "probe junit security: pass: suite security: 1 tests, all passed" in said
    states = {row.key: row.state for row in board(review, timezone.now()).rows}
    assert states["SEC-01"] == "proven"


def test_what_could_not_be_done_is_said_and_the_rest_goes_on(review: Review) -> None:
    said = run()
    assert "could not be done: suite smoke did not run" in said
    assert "probe mypy: error: mypy is not installed here" in said
    assert Evidence.objects.filter(probe="junit", verdict="pass").exists()


def test_the_log_tells_that_it_was_the_product_itself(review: Review) -> None:
    run("suite security")
    event = AuditEvent.objects.get(kind="readiness.report.attested")
    body = json.loads(bytes(event.body))
    assert body["actor"] == User.objects.get(username="probe").actor
    assert body["data"]["suites"] == ["security"]


def test_a_report_that_is_not_there_is_attested_by_nobody(review: Review) -> None:
    with pytest.raises(NotHere, match=r"junit-smoke\.xml"):
        attesting.attest_own("junit", review.commit, ["smoke"])
    assert not AuditEvent.objects.filter(kind="readiness.report.attested").exists()


def test_one_step_can_be_asked_for(review: Review, children: Tools) -> None:
    assert "[1/1] suite security: 1 passed" in run("suite security")
    assert children.started == ["suite security"]


def test_no_step_of_that_name_is_a_usage_error(review: Review) -> None:
    with pytest.raises(CommandError, match="no such step") as refused:
        run("suite nice")
    assert refused.value.returncode == 2


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Build(COMMIT, clean=False, doubt="tracked files differ from it"), "differ"),
        (Build("unknown", clean=False, doubt="git does not tell"), "git does not tell"),
        (Build("cd" * 20, clean=True), "the tree moved since this began"),
    ],
)
def test_a_tree_that_is_no_commit_is_refused_before_anything_runs(
    review: Review,
    tree: Callable[[Build], None],
    children: Tools,
    found: Build,
    why: str,
) -> None:
    tree(found)
    with pytest.raises(CommandError, match=why):
        run()
    assert children.started == []


def test_a_tree_that_moves_meanwhile_ends_it(
    review: Review, tree: Callable[[Build], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def move(suite: Suite, commit: str) -> str:
        tree(Build("cd" * 20, clean=True))
        return "1 passed"

    monkeypatch.setattr(suites, "run_suite", move)
    with pytest.raises(CommandError, match="the tree moved"):
        run("suite")


def test_a_terminal_sees_what_is_being_done(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    err = StringIO()
    call_command("evidence", only=["suite"], stdout=StringIO(), stderr=err)
    assert "[" + "#" * 6 in err.getvalue()
    assert "suite unit" in err.getvalue()
