"""/health, as whoever keeps us running sees it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from kernel import http
from kernel.registry import Measurement, Params, probe
from operations.domain.health import title_of


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
    if (status := document_of(answer).get("status")) not in {"pass", "warn"}:
        faults.append(f"its status is {status!r}")
    if status != "fail":
        faults += [
            f"it calls itself {status}, but “{title_of(name)}” fails"
            for name, checks in document_of(answer).get("checks", {}).items()
            if any(check.get("status") == "fail" for check in checks)
        ]
    faults += [
        f"{path} answers {code}"
        for path in ("/health/live", "/health/ready")
        if (code := http.own(path).status) != 200
    ]
    return Measurement.of_faults(
        faults,
        f"/health answers 200, status {status}",
        commit=commit_of(answer),
        raw=answer.body,
    )


def commit_of(answer: http.Reply) -> str:
    """The commit of the process that answered."""
    return answer.headers.get("x-rrr-commit", "")


def document_of(answer: http.Reply) -> dict[str, Any]:
    """The answer's JSON object; {} for anything else."""
    try:
        document = json.loads(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
