"""Redis keeps what it is given, for the client that counts and for the cache."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import timedelta

from django.core.cache import cache

from kernel import redis
from kernel.registry import Measurement, Params, probe

KEPT_SECONDS = 10
SIZES = (16, 4096)


@probe(
    "redis",
    title="Redis round trip",
    freshness=timedelta(minutes=5),
)
def round_trip(params: Params) -> Measurement:
    """Counts faults: an answer that does not come or is another, of the client and of
    the cache; a value that stays for ever, or after it was deleted. `watch` asks every
    minute, so that nothing goes through Redis to find that it is dead."""
    started = time.perf_counter()
    try:
        faults = [*_client_faults(), *_cache_faults()]
    except redis.FAILURES as error:
        return Measurement.of_faults([f"no answer: {error}"], "")
    took = (time.perf_counter() - started) * 1000
    return Measurement.of_faults(
        faults,
        f"set, get, delete by client and cache in {took:.1f} ms",
        facts={"ms": f"{took:.1f}"},
    )


def _client_faults() -> Iterator[str]:
    client = redis.client()
    for size in SIZES:
        key, value = f"rrr:probe:{secrets.token_hex(8)}", secrets.token_bytes(size)
        client.set(key, value, ex=KEPT_SECONDS)
        if client.get(key) != value:
            yield f"another value of {size} bytes came back"
        if not 0 < int(client.ttl(key)) <= KEPT_SECONDS:
            yield "a value is not forgotten when it is time"
        client.delete(key)
        if client.get(key) is not None:
            yield "a deleted value is still there"


def _cache_faults() -> Iterator[str]:
    """Through Django: it may have been led to another server."""
    key, value = f"probe:{secrets.token_hex(8)}", secrets.token_hex(16)
    cache.set(key, value, KEPT_SECONDS)
    if cache.get(key) != value:
        yield "the cache does not keep what it is given"
    elif not redis.client().exists(cache.make_key(key)):
        yield "the cache keeps it elsewhere than in this Redis"
    cache.delete(key)
