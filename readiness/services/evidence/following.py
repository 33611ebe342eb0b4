"""What probes say of a release after its deployment: each check of a follow-up is asked
over exactly its window once that is over, and judged once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from kernel import build
from kernel.registry import PROBES, Weight
from operations import queries as operations
from operations.queries import params_digest
from operations.services import probing
from readiness.domain.verdicts import Verdict
from readiness.queries.due import FollowedCheck, followed_checks
from readiness.services.evidence.collecting import judged
from readiness.services.evidence.recording import Observation, record_follow_up

AGAIN = timedelta(hours=1)  # where nothing could be told


def follow(at: datetime) -> int:
    """Judge what was seen since, and ask for what was not; how many were judged."""
    mine = build.running()
    if not mine.proves:
        return 0
    lines = [
        line
        for line in followed_checks(at, mine.commit, settings.RRR_ENV)
        if line.check.probe in PROBES
        and PROBES[line.check.probe].weight is not Weight.HEAVY
    ]
    results = operations.latest_results(
        [(line.check.probe, line.params) for line in lines],
        mine.commit,
        settings.RRR_ENV,
    )
    seen = {
        key: Observation(
            probing.measurement_of(result), result.observed_at, result.configuration
        )
        for key, result in results.items()
    }
    return sum(
        _judge(line, seen.get((line.check.probe, params_digest(line.params))), at)
        for line in lines
    )


def _judge(line: FollowedCheck, seen: Observation | None, at: datetime) -> bool:
    latest = line.latest
    told = latest.observed_at if latest and latest.observed_at > line.since else None
    if seen is not None and seen.observed_at > (told or line.since):
        judgement = judged(line, seen.measurement)
        return record_follow_up(line, judgement, seen, at) is not None
    waits = latest and told and latest.verdict == Verdict.ERROR and at < told + AGAIN
    if not waits and not probing.under_way(line.check.probe, line.params):
        probing.request(line.check.probe, line.params)
    return False
