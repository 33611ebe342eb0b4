"""A value goes to Redis and comes back."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta

from kernel import redis
from kernel.registry import Measurement, Params, probe


@probe(
    "redis",
    title="Redis round trip",
    freshness=timedelta(minutes=15),
    every=timedelta(minutes=5),
)
def round_trip(params: Params) -> Measurement:
    """Counts faults: an answer that does not come, or is another."""
    key, value = f"rrr:probe:{secrets.token_hex(8)}", secrets.token_bytes(16)
    started = time.perf_counter()
    try:
        client = redis.client()
        client.set(key, value, ex=10)
        back = client.get(key)
        client.delete(key)
    except redis.FAILURES as error:
        return Measurement("1", f"no answer: {error}", "faults")
    took = (time.perf_counter() - started) * 1000
    if back != value:
        return Measurement("1", "another value came back", "faults")
    return Measurement(
        "0", f"set, get, delete in {took:.1f} ms", "faults", {"ms": f"{took:.1f}"}
    )
