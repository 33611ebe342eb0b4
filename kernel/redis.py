"""Redis without patience: short time limits, no retries, one breaker a process.

With library defaults a refused Redis costs 4 s a command and a hanging one 45 s;
here at most 0.2 s, and for the second after a failure nothing is tried at all.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import redis
from django.conf import settings
from django_redis.client import DefaultClient
from django_redis.exceptions import ConnectionInterrupted
from django_redis.serializers.base import BaseSerializer
from redis.backoff import NoBackoff
from redis.retry import Retry

T = TypeVar("T")
OPEN_SECONDS = 1.0
FAILURES = (redis.RedisError, ConnectionInterrupted, OSError)


class Breaker:
    """Open for a second after a failure, so that a dead Redis is not asked twice."""

    def __init__(self) -> None:
        self._open_until = 0.0

    def call(self, ask: Callable[[], T], otherwise: T) -> T:
        """ask(), or `otherwise` when Redis fails or has just failed."""
        if time.monotonic() < self._open_until:
            return otherwise
        try:
            return ask()
        except FAILURES:
            self._open_until = time.monotonic() + OPEN_SECONDS
            return otherwise


BREAKER = Breaker()
_client: redis.Redis | None = None


def client() -> redis.Redis:
    """The process' client; connect and read time limits 0.2 s, no retries.

    Call it through BREAKER, or expect kernel.redis.FAILURES.
    """
    global _client
    if _client is None:
        _client = redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=0.2,
            socket_connect_timeout=0.2,
            retry=Retry(NoBackoff(), 0),
        )
    return _client


class ForeignValue(ValueError):
    """What lies in the cache is not what we write there."""


class CacheSerializer(BaseSerializer):  # type: ignore[misc]
    """The cache holds JSON: with pickle, whoever can write in Redis runs code here.

    Raises TypeError for what JSON has no form for, so that nothing comes back as
    something else than what was kept.
    """

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, value: bytes) -> Any:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise ForeignValue(f"{value[:20]!r} is no JSON") from None


class BreakerClient(DefaultClient):  # type: ignore[misc]
    """django-redis' client whose failures are cache misses, through the breaker.
    A value that is not ours is a miss, too: the next write replaces it."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        default = kwargs.get("default", args[1] if len(args) > 1 else None)
        with suppress(ForeignValue):
            return BREAKER.call(
                lambda: super(BreakerClient, self).get(*args, **kwargs), default
            )
        return default

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        with suppress(ForeignValue):
            return BREAKER.call(
                lambda: super(BreakerClient, self).get_many(*args, **kwargs), {}
            )
        return {}

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return BREAKER.call(
            lambda: super(BreakerClient, self).set(*args, **kwargs), False
        )

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return BREAKER.call(
            lambda: super(BreakerClient, self).add(*args, **kwargs), False
        )

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return BREAKER.call(
            lambda: super(BreakerClient, self).incr(*args, **kwargs), None
        )

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return BREAKER.call(
            lambda: super(BreakerClient, self).delete(*args, **kwargs), 0
        )
