"""The API description covers every route that there is."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from kernel import http
from kernel.registry import Measurement, Params, probe
from kernel.routes import routes


@probe(
    "openapi",
    title="/docs, /redoc and the schema cover every route",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def openapi(params: Params) -> Measurement:
    """Counts routes under /api/ that /openapi.json does not describe, and reference
    pages that do not answer."""
    answer = http.own("/openapi.json")
    if answer.status != 200:
        return Measurement("1", f"/openapi.json answers {answer.status}", "faults")
    document = json.loads(answer.body)
    described = {re.sub(r"\{[^}]*\}", "{}", path) for path in document["paths"]}
    served = {route.bare for route in routes() if route.bare.startswith("/api/")}
    faults = [f"{path} is not described" for path in sorted(served - described)]
    if not str(document.get("openapi", "")).startswith("3.1"):
        faults.append("the document is not OpenAPI 3.1")
    faults += [
        f"{page} answers {status}"
        for page in ("/docs", "/redoc")
        if (status := http.own(page).status) != 200
    ]
    return Measurement.of_faults(
        faults,
        f"{len(served)} routes, all described",
        facts={"routes": str(len(served)), "described": str(len(described))},
    )
