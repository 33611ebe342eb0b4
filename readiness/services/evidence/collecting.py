"""The readiness job's round: what probes have seen since is judged and recorded,
and what should be seen again is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from kernel.build import Build, running
from kernel.errors import Conflict
from kernel.registry import PROBES, Measurement
from operations import queries as operations
from operations.services import probing
from readiness.domain import verdicts
from readiness.domain.verdicts import Judgement, Verdict
from readiness.models import Check, Evidence, ReviewItem
from readiness.queries.due import WatchedCheck, watched_checks
from readiness.services.claims import refuse_ended
from readiness.services.evidence.recording import Observation, record

Question = tuple[str, frozenset[tuple[str, str]]]
Answers = Mapping[Question, Observation]


@dataclass(frozen=True)
class Round:
    """What one round did."""

    watched: int
    recorded: int
    requested: int

    def __str__(self) -> str:
        return (
            f"{self.watched} checks watched, {self.recorded} records added, "
            f"{self.requested} probes asked for"
        )


def collect(at: datetime) -> Round:
    """Judge what probes have seen since, and ask for what should be seen again.

    Only reviews of the running commit: nobody else can say anything about them.
    """
    build = running()
    watched = watched_checks(build.commit, settings.RRR_ENV)
    answers = _newest_answers(watched, build)
    recorded = sum(_judge(line, answers, build, at) for line in watched)
    due = {
        _question(line.check): line.check
        for line in watched
        if _may_ask(line.check)
        and build.proves
        and line.due(at, _measured_at(line, answers))
    }
    for check in due.values():
        probing.request(check.probe, dict(check.params))
    return Round(len(watched), recorded, len(due))


def run_now(item: ReviewItem, checks: Iterable[Check]) -> list[str]:
    """Ask for the item's probes at once; the names of those that can run here.

    Raises Conflict when none of them can.
    """
    refuse_ended(item.review)
    asked = []
    for check in checks:
        if check.probe in PROBES:
            probing.request(check.probe, dict(check.params))
            asked.append(check.probe)
    if not asked:
        raise Conflict(
            "No probe of this item is available here: a person files its evidence.",
            code="no_probe",
        )
    return asked


def _question(check: Check) -> Question:
    """Checks that ask a probe the same share its answer."""
    return check.probe, frozenset(check.params.items())


def _may_ask(check: Check) -> bool:
    """Heavy probes (load, scans) run when a person asks, never by themselves."""
    probe = PROBES.get(check.probe)
    return probe is not None and not probe.heavy


def _measured_at(line: WatchedCheck, answers: Answers) -> datetime | None:
    answer = answers.get(_question(line.check))
    return answer.observed_at if answer else None


def _newest_answers(
    watched: Sequence[WatchedCheck], build: Build
) -> dict[Question, Observation]:
    """What each probe last saw of exactly this commit: one query."""
    asked = {
        _question(line.check): (line.check.probe, dict(line.check.params))
        for line in watched
        if line.check.probe in PROBES
    }
    results = operations.latest_results(
        list(asked.values()), build.commit, settings.RRR_ENV
    )
    return {
        (result.name, frozenset(result.params.items())): Observation(
            Measurement(
                value=result.value,
                detail=result.detail,
                unit=result.unit,
                facts=result.facts,
                commit=result.commit,
                error=result.error,
            ),
            result.observed_at,
        )
        for result in results.values()
    }


def _judge(line: WatchedCheck, answers: Answers, build: Build, at: datetime) -> bool:
    """Append a record when there is something new to say; True if so."""
    latest = line.standing.latest if line.standing else None
    answer = answers.get(_question(line.check))
    if line.check.probe not in PROBES:
        judgement, answer = verdicts.unavailable(line.check.probe), None
    elif not build.proves:
        judgement, answer = verdicts.unproving(clean=build.clean), None
    elif answer is None or (latest and answer.observed_at <= latest.observed_at):
        return False
    else:
        judgement = verdicts.judge(answer.measurement, line.check.threshold)
    if latest is not None and _says_nothing_new(line, latest, judgement, at):
        return False
    record(line, judgement, answer, at)
    return True


def _says_nothing_new(
    line: WatchedCheck, latest: Evidence, judgement: Judgement, at: datetime
) -> bool:
    """The same could-not-measure again, or a fresh verdict repeated too early (a fail
    with another reason may be told as soon as it was measured again)."""
    if judgement.verdict != latest.verdict:
        return False
    same = judgement.reason == latest.reason
    if judgement.verdict == Verdict.ERROR:
        return same
    seen, freshness = latest.observed_at, line.check.freshness
    if same:
        return at < verdicts.repeated_at(seen, freshness)
    return at < verdicts.due_at(latest.verdict, seen, freshness)
