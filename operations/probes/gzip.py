"""Answers over 1 KB are compressed; those that show a secret once are not."""

from __future__ import annotations

import gzip
import json
import zlib
from datetime import timedelta

from accounts.services import probe as account
from accounts.services import tokens
from kernel import http
from kernel.registry import Measurement, Params, probe

LARGE = 1024
PATHS = ("/openapi.json", "/accounts/login/", "/redoc")


@probe(
    "gzip",
    title="Answers over 1 KB are gzipped, secrets never",
    every=timedelta(hours=6),
)
def compressed(params: Params) -> Measurement:
    faults: list[str] = []
    sizes: dict[str, str] = {}
    for path in PATHS:
        answer = http.own(path, headers={"Accept-Encoding": "gzip"})
        fault = _fault(path, answer, sizes)
        if fault:
            faults.append(fault)
    if not sizes:
        faults.append("no answer over 1 KB was found")
    faults += _secret_faults()
    saved = ", ".join(f"{path} {size}" for path, size in sizes.items())
    return Measurement.of_faults(faults, f"gzipped: {saved}", facts=sizes)


def _fault(path: str, answer: http.Reply, sizes: dict[str, str]) -> str:
    """What is wrong with this answer, "" for nothing; notes its sizes."""
    if answer.status != 200:
        return f"{path} answers {answer.status}"
    if answer.headers.get("content-encoding") != "gzip":
        large = len(answer.body) > LARGE
        return f"{path}: {len(answer.body)} bytes uncompressed" if large else ""
    try:
        whole = gzip.decompress(answer.body)
    except (OSError, EOFError, zlib.error) as error:
        return f"{path} does not unpack: {error}"
    sizes[path] = f"{len(whole)} to {len(answer.body)} bytes"
    return ""


def _secret_faults() -> list[str]:
    """An answer with fresh tokens in it must come as it is."""
    pair = tokens.issue(account.account())
    answer = http.own(
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
