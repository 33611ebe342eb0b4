"""Traces: what the web process does is found again at the collector."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings

from kernel import http
from kernel.registry import Measurement, Params, probe
from operations.probes.looking_up import looked_up

TRACED = "/accounts/login/"


@probe(
    "otel",
    title="A span of the web process is found at the collector",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def otel(params: Params) -> Measurement:
    """Counts faults. `part` endpoint: OTLP_ENDPOINT takes an export. Else a request
    with a trace id of ours is looked up at `url`, where {trace} stands for the id:
    that something was sent shows nobody that it arrived."""
    if not settings.OTLP_ENDPOINT:
        return Measurement.unset("OTLP_ENDPOINT", why="nothing is traced")
    if fault := _endpoint_fault():
        return Measurement.of_faults([f"OTLP_ENDPOINT: {fault}"], "")
    if params.get("part") == "endpoint":
        return Measurement.of_faults([], "OTLP_ENDPOINT takes an export")
    url = params.get("url", "")
    if "{trace}" not in url:
        return Measurement.uncollected(
            "the check names no `url` with {trace}, where a trace can be looked up"
        )
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    http.own(TRACED, headers={"traceparent": f"00-{trace}-{span}-01"})
    fault = looked_up(
        url.replace("{trace}", trace), lambda body: TRACED.encode() in body
    )
    faults = [f"the span of {TRACED} is not found: {fault}"] if fault else []
    return Measurement.of_faults(faults, "a span of the web process was found again")


def _endpoint_fault() -> str:
    """An empty export is taken by every collector."""
    url = f"{settings.OTLP_ENDPOINT.rstrip('/')}/v1/traces"
    headers = {"Content-Type": "application/x-protobuf"}
    try:
        answer = http.send(url, headers=headers, body=b"")
    except (http.NoAnswer, http.Refused) as error:
        return str(error)
    return "" if answer.status // 100 == 2 else f"it answers {answer.status}"
