"""Answers over 1 KB are compressed; those that show a secret once are not."""

from __future__ import annotations

import json
from datetime import timedelta

from accounts.services import probe as account
from accounts.services import tokens
from kernel import http
from kernel.registry import Measurement, Params, Weight, probe
from operations.services.walking import Visit, walk

LARGE = 1024
KINDS = ("text/html", "application/json", "application/health+json")
JSON = "application/"


@probe(
    "gzip",
    title="Answers over 1 KB are gzipped, secrets never",
    every=timedelta(hours=6),
    weight=Weight.LONG,
)
def compressed(params: Params) -> Measurement:
    """Counts faults of every page and JSON answer that is larger than 1 KB."""
    large = [visit for visit in walk() if _is_large(visit)]
    faults = [fault for visit in large if (fault := _fault(visit))]
    if not large:
        faults.append("no answer over 1 KB was found")
    faults += _secret_faults()
    packed = sum(visit.size for visit in large)
    whole = sum(max(visit.whole, 0) for visit in large)
    return Measurement.of_faults(
        faults,
        f"{len(large)} answers over 1 KB, {whole:,} bytes as {packed:,}",
        facts={"answers": str(len(large))},
    )


def _is_large(visit: Visit) -> bool:
    kind = visit.headers.get("content-type", "").partition(";")[0].strip()
    is_text = kind in KINDS or (kind.startswith(JSON) and kind.endswith("+json"))
    return is_text and (visit.whole > LARGE or visit.whole < 0)


def _fault(visit: Visit) -> str:
    if visit.whole < 0:
        return f"{visit.name} does not unpack"
    if visit.headers.get("content-encoding") != "gzip":
        return f"{visit.name}: {visit.size} bytes uncompressed"
    return ""


def _secret_faults() -> list[str]:
    """An answer with fresh tokens in it must come as it is."""
    pair = tokens.issue(account.account())
    answer = http.in_turn(
        "/api/token/refresh",
        method="POST",
        headers={"Accept-Encoding": "gzip", "Content-Type": "application/json"},
        body=json.dumps({"refresh": pair.refresh}).encode(),
    )
    if answer.status != 200:
        return [f"/api/token/refresh answers {answer.status}"]
    if answer.headers.get("content-encoding"):
        return ["an answer that shows tokens is compressed"]
    tokens.revoke(json.loads(answer.body)["refresh"])
    return []
