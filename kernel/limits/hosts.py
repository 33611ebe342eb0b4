"""The windows of several hosts, counted in the Redis that all of them ask.

One call, exact by Redis' own clock. It only ever joins in: each host's file decides
as well, so that a Redis that comes back empty admits nothing twice on one host.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings
from redis.commands.core import Script

from kernel.limits.windows import SECOND, Limit
from kernel.redis import BREAKER, client

# A list of times a window, and how many requests its newest time still stands for.
ASK = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local lefts, windows, wait, longest = KEYS[#KEYS], {}, 0, 0
for i = 1, #KEYS - 1 do
  local key, size = KEYS[i], tonumber(ARGV[3 * i - 2])
  local span, factor = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local newest, left = tonumber(redis.call('LINDEX', key, -1) or 0), 0
  if newest > now then -- the clock was set back: nobody waits until it is there again
    redis.call('DEL', key)
    newest = 0
  end
  if factor > 1 and now - newest < span then
    left = math.min(tonumber(redis.call('HGET', lefts, i) or 0), factor - 1)
  end
  local decides = size + (left > 0 and 1 or 0)
  local time = tonumber(redis.call('LINDEX', key, -decides) or 0)
  if now - time < span then wait = math.max(wait, time + span - now) end
  longest = math.max(longest, span)
  windows[i] = {key, size, span, factor, left}
end
local stamp = string.format('%.0f', now)
local answer = {wait, stamp}
for i, window in ipairs(windows) do
  local key, size, span, factor, left = unpack(window)
  if wait == 0 then
    if left > 0 then
      redis.call('LSET', key, -1, stamp)
      left = left - 1
    else
      redis.call('RPUSH', key, stamp)
      redis.call('LTRIM', key, -(size + 1), -1)
      left = factor - 1
    end
    if factor > 1 then redis.call('HSET', lefts, i, left) end
    redis.call('PEXPIRE', key, math.ceil(span / 1000))
  end
  local low, high = 0, redis.call('LLEN', key)
  local length = high
  while low < high do
    local middle = math.floor((low + high) / 2)
    if now - tonumber(redis.call('LINDEX', key, middle)) < span then
      high = middle
    else
      low = middle + 1
    end
  end
  answer[i + 2] = math.max(0, (size - length + low) * factor + left)
end
if redis.call('EXISTS', lefts) == 1 then
  redis.call('PEXPIRE', lefts, math.ceil(longest / 1000))
end
return answer
"""


class Together(NamedTuple):
    """What all hosts together have admitted: seconds to wait (0: this one, too), the
    name of this one, and how many more requests each window has room for."""

    wait: float
    stamp: str
    left: tuple[int, ...]


def admit_together(
    limit: Limit, principal: str, factors: Sequence[int]
) -> Together | None:
    """Count this request among those of all hosts; None where no Redis answers."""
    name = _name(limit, principal)
    keys = [f"{name}:{window.name}" for window in limit.windows]
    numbers = [
        number
        for (_, size, span), factor in zip(limit.plan, factors, strict=True)
        for number in (size, span, factor)
    ]

    def ask() -> Together:
        answer: Any = _script()(keys=[*keys, f"{name}:left"], args=numbers)
        wait, stamp, *left = answer
        return Together(wait / SECOND, stamp.decode(), tuple(left))

    return BREAKER.call(ask, otherwise=None)


def take_back_together(limit: Limit, principal: str, stamp: str) -> None:
    """Let what was admitted under this name not have been, with any luck."""

    def forget() -> None:
        pipe = client().pipeline(transaction=False)
        for window in limit.windows:
            pipe.lrem(f"{_name(limit, principal)}:{window.name}", -1, stamp)
        pipe.execute()

    BREAKER.call(forget, otherwise=None)


def _name(limit: Limit, principal: str) -> str:
    digest = hashlib.blake2b((limit.identity + principal).encode(), digest_size=16)
    return f"rrr:{settings.RRR_ENV}:limit:{{{digest.hexdigest()}}}"


_scripts: dict[int, Script] = {}


def _script() -> Script:
    server = client()
    if id(server) not in _scripts:
        _scripts.clear()
        _scripts[id(server)] = server.register_script(ASK)
    return _scripts[id(server)]
