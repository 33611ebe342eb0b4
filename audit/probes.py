"""Is the log whole? One event is found and proven included, all of it is walked."""

from __future__ import annotations

from datetime import timedelta

from audit import queries
from kernel import build
from kernel.registry import Measurement, Params, probe


@probe(
    "audit_log",
    title="Audit log whole, an event proven included",
    freshness=timedelta(hours=1),
    every=timedelta(minutes=10),
)
def audit_log(params: Params) -> Measurement:
    """Counts faults; an empty log is one, for then nothing was ever recorded."""
    verified = queries.check()
    problems = list(verified.problems)
    newest = queries.recent(1).rows
    if not newest:
        problems.append("no event was ever logged")
    elif not queries.included(newest[0].seq):
        problems.append(f"event {newest[0].seq} is not included in the tree")
    return Measurement(
        value=str(len(problems)),
        unit="faults",
        detail=problems[0]
        if problems
        else f"{verified.size} events, chain and root hold",
        facts={"size": str(verified.size), "root": verified.root},
        commit=build.running().commit,
    )
