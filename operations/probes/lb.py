"""A load balancer in front: the public address leads to more than one instance."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.conf import settings

from kernel import build, http
from kernel.registry import Measurement, Params, probe
from kernel.web import own_origin

PATH = "/health/live"
TIMES = 20


@probe(
    "lb",
    title="The public address leads to more than one instance",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def lb(params: Params) -> Measurement:
    """Counts answers of the public address that are no 200, that are another commit's,
    and whether they all come from one instance."""
    if not settings.PUBLIC_ORIGIN or not settings.TRUSTED_PROXY_COUNT:
        names = ("PUBLIC_ORIGIN", "TRUSTED_PROXY_COUNT")
        unset = [name for name in names if not getattr(settings, name)]
        return Measurement.unset(*unset, why="no balancer in front of us is known")
    instances: Counter[str] = Counter()
    faults = []
    for number in range(TIMES):
        fault, instance = _ask()
        instances[instance] += not fault
        if fault:
            faults.append(f"request {number + 1}: {fault}")
    there = [name for name, times in instances.items() if name and times]
    if not faults and len(there) < 2:
        faults.append(f"{TIMES} requests were all answered by one instance")
    return Measurement.of_faults(
        faults,
        f"{TIMES} requests were answered by {len(there)} instances",
        facts={"instances": str(len(there))},
    )


def _ask() -> tuple[str, str]:
    """(fault, instance) of one request over the public address."""
    headers = {http.OWN_HEADER: http.own_signature(PATH)}
    try:
        answer = http.send(own_origin() + PATH, method="GET", headers=headers)
    except (http.NoAnswer, http.Refused) as error:
        return str(error), ""
    if answer.status != 200:
        return f"it answers {answer.status}", ""
    commit = answer.headers.get("x-rrr-commit", "")
    if commit != build.running().commit:
        return f"commit {commit[:12] or 'unknown'} answers", ""
    return "", answer.headers.get("x-rrr-instance", "")
