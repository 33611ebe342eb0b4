"""Log lines reach one place: marked ones are found there, as JSON."""

from __future__ import annotations

import json
import logging
import secrets
from datetime import timedelta

from kernel import http
from kernel.registry import Measurement, Params, probe
from operations.probes.looking_up import looked_up

logger = logging.getLogger("rrr.probe")
NOWHERE = "/no-such-page/"


@probe(
    "log_sink",
    title="Marked log lines arrive as JSON with their request id",
    freshness=timedelta(hours=24),
    every=timedelta(hours=6),
)
def log_sink(params: Params) -> Measurement:
    """Counts lines that do not arrive at `url`, where {mark} stands for what is looked
    for: one of a worker, and one of the web process with its request id."""
    url = params.get("url", "")
    if "{mark}" not in url:
        return Measurement.uncollected(
            "the check names no `url` with {mark}, where collected lines can be read"
        )
    ours, webs = f"mark-{secrets.token_hex(8)}", f"mark-{secrets.token_hex(8)}"
    logger.info("marked", extra={"request_id": ours})
    # Unsigned: our own requests have no line in the access log.
    http.own(NOWHERE, headers={http.OWN_HEADER: "", "X-Request-ID": webs})
    faults = [
        f"the line of {name}: {fault}"
        for name, mark in (("a worker", ours), ("the web process", webs))
        if (fault := looked_up(url.replace("{mark}", mark), _Shows(mark)))
    ]
    return Measurement.of_faults(faults, "two marked lines arrived")


class _Shows:
    """Whether one of the lines is a JSON object with this request id."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __call__(self, body: bytes) -> bool:
        return any(self._is_it(line) for line in body.splitlines())

    def _is_it(self, line: bytes) -> bool:
        try:
            told = json.loads(line)
        except ValueError:
            return False
        return isinstance(told, dict) and told.get("request_id") == self.mark
