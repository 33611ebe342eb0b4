"""The readiness job's round: what probes have seen since is judged and recorded,
and what should be seen again is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from kernel import build
from kernel.build import Build
from kernel.display import plural
from kernel.errors import Conflict
from kernel.registry import PROBES, Measurement, Weight
from operations import queries as operations
from operations.services import probing
from readiness.domain import verdicts
from readiness.domain.verdicts import Judgement, Verdict
from readiness.models import Check, Evidence, Review, ReviewItem, Standing
from readiness.queries.due import WatchedCheck, watched_checks
from readiness.queries.reach import why_not_collected, why_not_now
from readiness.services.evidence.recording import Observation, record
from readiness.services.living import refuse_ended

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
            f"{plural(self.watched, 'check')} watched, "
            f"{plural(self.recorded, 'record')} added, "
            f"{plural(self.requested, 'probe')} asked for"
        )


def collect(at: datetime) -> Round:
    """Judge what probes have seen since, and ask for what should be seen again.

    Only reviews of the running commit: nobody else can say anything about them.
    """
    mine = build.running()
    watched = watched_checks(mine.commit, settings.RRR_ENV)
    now = operations.configuration()
    digest = now.digest if now else ""
    answers = _newest_answers(watched, mine, digest)
    recorded = sum(_judge(line, answers, mine, at) for line in watched)
    due = {
        _question(line.check): line.check
        for line in watched
        if _may_ask(line.check)
        and mine.proves
        and line.due(at, _measured_at(line, answers), digest)
    }
    asked = [check for check in due.values() if not probing.under_way(*_asking(check))]
    for check in asked:
        probing.request(*_asking(check))
    return Round(len(watched), recorded, len(asked))


def run_now(item: ReviewItem, checks: Iterable[Check]) -> list[str]:
    """Ask for the item's probes at once; the names of those that can run here.

    Raises Conflict when none of them can, and says why.
    """
    refuse_ended(item.review)
    named = list(checks)
    asked = [check for check in named if not why_not_now(check.probe, item.review)]
    if not asked:
        probes = [check.probe for check in named]
        reason = why_not_collected(probes, item.review)
        raise Conflict(
            reason or "No probe stands behind this line: a person files its evidence.",
            code="no_probe",
        )
    for check in asked:
        probing.request(check.probe, dict(check.params))
    return [check.probe for check in asked]


def run_all(review: Review, *, failed: bool = False) -> int:
    """Ask at once for every probe of the review that can run here, of those alone that
    did not pass last where `failed`; how many.

    Raises Conflict when there is none, and says why.
    """
    refuse_ended(review)
    checks = Check.objects.filter(item__version=review.version)
    if failed:
        missed = Standing.objects.filter(
            review_item__review=review,
            latest__verdict__in=(Verdict.FAIL, Verdict.ERROR),
        )
        checks = checks.filter(pk__in=missed.values("check_of"))
    named = {_question(check): check for check in checks}
    asked = [check for check in named.values() if not why_not_now(check.probe, review)]
    if not asked:
        reason = why_not_collected([each.probe for each in named.values()], review)
        raise Conflict(
            reason or "There is nothing to collect.", code="nothing_to_collect"
        )
    for check in asked:
        if not probing.under_way(*_asking(check)):
            probing.request(*_asking(check))
    return len(asked)


def _asking(check: Check) -> tuple[str, dict[str, str]]:
    return check.probe, dict(check.params)


def _question(check: Check) -> Question:
    """Checks that ask a probe the same share its answer."""
    return check.probe, frozenset(check.params.items())


def _may_ask(check: Check) -> bool:
    """Heavy probes (load, the suite) are run by `make evidence` only."""
    probe = PROBES.get(check.probe)
    return probe is not None and probe.weight is not Weight.HEAVY


def _measured_at(line: WatchedCheck, answers: Answers) -> datetime | None:
    answer = answers.get(_question(line.check))
    return answer.observed_at if answer else None


def _newest_answers(
    watched: Sequence[WatchedCheck], mine: Build, configuration: str
) -> dict[Question, Observation]:
    """What each probe last saw of exactly this commit and configuration: one query."""
    asked = {
        _question(line.check): (line.check.probe, dict(line.check.params))
        for line in watched
        if line.check.probe in PROBES
    }
    results = operations.latest_results(
        list(asked.values()), mine.commit, settings.RRR_ENV, configuration
    )
    return {
        (result.name, frozenset(result.params.items())): Observation(
            probing.measurement_of(result),
            result.observed_at,
            result.configuration if result.about == "running" else "",
        )
        for result in results.values()
    }


def _judge(line: WatchedCheck, answers: Answers, mine: Build, at: datetime) -> bool:
    """Append a record when there is something new to say; True if so."""
    latest = line.latest
    answer = answers.get(_question(line.check))
    if line.check.probe not in PROBES:
        judgement, answer = verdicts.unavailable(line.check.probe), None
    elif not mine.proves:
        judgement, answer = verdicts.unproving(clean=mine.clean), None
    elif answer is None or (latest and answer.observed_at <= latest.observed_at):
        return False
    else:
        judgement = judged(line, answer.measurement)
    same_settings = (
        latest is None
        or answer is None
        or (latest.configuration == answer.configuration)
    )
    if latest and same_settings and _says_nothing_new(line, latest, judgement, at):
        return False
    return record(line, judgement, answer, at) is not None


def judged(line: WatchedCheck, measurement: Measurement) -> Judgement:
    if not line.as_published:
        return verdicts.changed()
    return verdicts.judge(measurement, line.check.threshold)


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
