"""The database check inside /health, which anonymous callers do not see."""

from __future__ import annotations

from datetime import timedelta

from kernel import http
from kernel.registry import Measurement, Params, probe
from operations.probes.health import commit_of, document_of


@probe(
    "health_db",
    title="The database check of /health passes",
    freshness=timedelta(minutes=5),
    every=timedelta(minutes=1),
)
def health_db(params: Params) -> Measurement:
    """Our own signed request sees the checks."""
    answer = http.own("/health")
    checks = document_of(answer).get("checks", {})
    check = (checks.get("database") or [{}])[0]
    passes = answer.status == 200 and check.get("status") == "pass"
    return Measurement(
        value="0" if passes else "1",
        unit="faults",
        detail=f"database: {check.get('output', 'there is no database check')}",
        commit=commit_of(answer),
        raw=answer.body,
    )
