"""What `make evidence` does: the tools and suites that the product stands still for.

One after the other, each a child of ours, on the tree of this commit; what they write
is kept as a report, and the probes read it. The benchmark comes first, while nothing
else of this runs; the tools before the suites, which take longest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from kernel import build
from kernel.build import Build
from kernel.errors import Conflict
from kernel.registry import PROBES, Weight
from operations.domain.xml_reports import Suite
from operations.services import fuzzing, kept_answers, probing, suites, tools
from readiness.domain import verdicts
from readiness.domain.builtin import CHECKS
from readiness.domain.parsing.document import Proposal
from readiness.queries.due import watched_checks
from readiness.services.evidence import attesting

BENCH, FUZZ, COVERAGE = "quick benchmark", "fuzzing", "coverage"
KEPT = "kept answers"
TOOLS = ("ruff_black", "mypy", "mypy_strict", "bandit", "pip_audit")


@dataclass(frozen=True)
class HeavyStep:
    """`run` does it and answers one sentence for people."""

    title: str
    run: Callable[[], str]


def refuse_unproving() -> Build:
    """The build that everything is bound to. Raises Conflict where nothing can be bound
    to a commit: after minutes of work it would prove nothing."""
    now = build.look()
    if not now.proves or now.commit != build.running().commit:
        doubt = now.doubt or "the tree moved since this began"
        raise Conflict(f"Nothing can be bound to a commit here: {doubt}.", code="doubt")
    return now


def plan(only: frozenset[str] = frozenset()) -> list[HeavyStep]:
    """Every step, or those whose titles begin with one of these words."""
    return [
        step
        for step in _steps(build.running().commit)
        if not only or any(step.title.startswith(word) for word in only)
    ]


def _steps(commit: str) -> Iterator[HeavyStep]:
    bench = partial(tools.run_tool, "benchmarks.quick", (), report="bench.json")
    yield HeavyStep(BENCH, lambda: f"exit {bench().status}")
    yield from map(_ask, _checks(of_tools=True))
    yield HeavyStep(FUZZ, lambda: fuzzing.fuzz(commit))
    yield HeavyStep(KEPT, kept_answers.compare)
    yield from (
        HeavyStep(f"suite {suite}", partial(_suite, suite, commit))
        for suite in (*(each for each in Suite if each != Suite.UNIT), Suite.UNIT)
    )
    yield HeavyStep(COVERAGE, partial(_coverage, commit))
    yield from map(_ask, _checks(of_tools=False))


def _suite(suite: Suite, commit: str) -> str:
    if suite == next(each for each in Suite if each != Suite.UNIT):
        suites.forget_coverage(commit)
    said = suites.run_suite(suite, commit)
    attesting.attest_own(attesting.JUNIT, commit, [suite])
    return said


def _coverage(commit: str) -> str:
    said = suites.write_coverage(commit)
    attesting.attest_own(attesting.COVERAGE, commit, [])
    return said


def _checks(*, of_tools: bool) -> list[Proposal]:
    """What our own checklist and living reviews ask of heavy probes, each question
    once."""
    commit = build.running().commit
    watched = (line.check for line in watched_checks(commit, settings.RRR_ENV))
    asked = [check for checks in CHECKS.values() for check in checks]
    asked += [
        Proposal(check.probe, dict(check.params), check.threshold) for check in watched
    ]
    known: dict[tuple[str, tuple[tuple[str, str], ...]], Proposal] = {}
    for check in asked:
        probe = PROBES.get(check.probe)
        if probe is None or probe.weight is not Weight.HEAVY:
            continue
        if (check.probe in TOOLS) == of_tools:
            params = tuple(sorted(check.params.items()))
            known.setdefault((check.probe, params), check)
    return list(known.values())


def _ask(check: Proposal) -> HeavyStep:
    said = " ".join([check.probe, *check.params.values()])
    return HeavyStep(f"probe {said}", partial(_measure, check))


def _measure(check: Proposal) -> str:
    result = probing.run(check.probe, dict(check.params))
    measured = probing.measurement_of(result)
    judgement = verdicts.judge(measured, check.threshold)
    return f"{judgement.verdict}: {judgement.reason}"
