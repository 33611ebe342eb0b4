"""/health as a stranger and as ourselves, and the database check inside it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from kernel import http
from kernel.registry import Measurement, Params, probe


def _commit(answer: http.Answer) -> str:
    return answer.headers.get("x-rrr-commit", "")


@probe(
    "health",
    title="/health answers 200 and does not fail",
    freshness=timedelta(minutes=5),
    every=timedelta(minutes=1),
)
def health(params: Params) -> Measurement:
    answer = http.own("/health")
    faults = []
    if answer.status != 200:
        faults.append(f"/health answers {answer.status}")
    if (status := _document(answer).get("status")) not in {"pass", "warn"}:
        faults.append(f"its status is {status!r}")
    faults += [
        f"{path} answers {code}"
        for path in ("/health/live", "/health/ready")
        if (code := http.own(path).status) != 200
    ]
    return Measurement(
        value=str(len(faults)),
        unit="faults",
        detail="; ".join(faults) or f"/health answers 200, status {status}",
        commit=_commit(answer),
        raw=answer.body,
    )


@probe(
    "health_db",
    title="The database check of /health passes",
    freshness=timedelta(minutes=5),
    every=timedelta(minutes=1),
)
def health_db(params: Params) -> Measurement:
    """Our own signed request sees the checks, which anonymous callers do not."""
    answer = http.own("/health")
    checks = _document(answer).get("checks", {})
    found = (checks.get("database") or [{}])[0]
    passes = answer.status == 200 and found.get("status") == "pass"
    words = str(found.get("output", "there is no database check"))
    return Measurement(
        value="0" if passes else "1",
        unit="faults",
        detail=f"database: {words}",
        commit=_commit(answer),
        raw=answer.body,
    )


def _document(answer: http.Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
