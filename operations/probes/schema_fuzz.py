"""Hostile input: what schemathesis made of every operation of the API's description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from kernel import build
from kernel.registry import Measurement, Params, Weight, probe
from operations.services import reports

REPORT = "fuzz.json"
LEAST_SENT = 10


@probe(
    "schema_fuzz",
    title="Generated requests against every operation break nothing",
    about="files",
    freshness=timedelta(days=365),
    weight=Weight.HEAVY,
)
def schema_fuzz(params: Params) -> Measurement:
    """Counts operations that answered with a server error or broke their description,
    that were hardly asked, or that the report leaves out."""
    content = reports.read(build.running().commit, REPORT)
    if content is None:
        reason = "there is no fuzzing of this commit: `make evidence` runs it"
        return Measurement.uncollected(reason)
    try:
        told = json.loads(content)
        rows, seed = dict(told["operations"]), int(told["seed"])
        examples = int(told["examples"])
        faults = list(_faults(rows))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Measurement.of_faults([f"the report cannot be read: {error}"], "")
    return Measurement.of_faults(
        faults,
        f"{len(rows)} operations, {told.get('sent', 0):,} requests, at most "
        f"{examples:,} an operation, seed {seed}",
        facts={
            "operations": str(len(rows)),
            "examples": str(examples),
            "seed": str(seed),
        },
        raw=content,
    )


def _faults(rows: Mapping[str, Any]) -> Iterator[str]:
    for operation in sorted(_described()):
        row = rows.get(operation)
        if row is None:
            yield f"{operation} was left out"
            continue
        statuses = {str(status): int(n) for status, n in row["statuses"].items()}
        if broken := [status for status in statuses if status.startswith("5")]:
            yield f"{operation} answered {', '.join(broken)}"
        elif sum(statuses.values()) < LEAST_SENT:
            yield f"{operation} was asked {sum(statuses.values())} times only"
        elif not any(status.startswith("2") for status in statuses):
            yield f"{operation} never answered well: nothing behind it was reached"
        for title in row.get("problems", ()):
            yield f"{operation}: {title}"


def _described() -> set[str]:
    """Every operation of the description, by its id."""
    # Loaded by the worker that is asked for it, and not by each that knows this probe.
    from drf_spectacular.generators import SchemaGenerator

    document: Any = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    }
