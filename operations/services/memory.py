"""How full this process' memory limit is, shared through Redis: every process of ours
reports its host's figure, for a host may have workers alone.

Usage without reclaimable page cache, in percent of the smaller of the cgroup's
limit and the machine's memory: plain usage rises with every backup's page cache.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from threading import Lock, Thread

from django.conf import settings

from kernel.redis import BREAKER, client

logger = logging.getLogger("rrr.process")
FRESH_SECONDS = 60
EVERY_SECONDS = 10.0
CGROUP = Path("/sys/fs/cgroup")
MEMINFO = Path("/proc/meminfo")


def percent(cgroup: Path = CGROUP, meminfo: Path = MEMINFO) -> Decimal | None:
    """Used memory in percent, two decimals; None where the system does not say."""
    host = _table(meminfo, scale=1024)
    machine = host.get("MemTotal:", 0)
    if not machine:
        return None
    for read in (_version_2, _version_1):
        usage = read(cgroup)
        if usage is not None:
            used, limit = usage
            return _share(used, min(limit, machine))
    return _share(machine - host.get("MemAvailable:", 0), machine)


def _version_2(folder: Path) -> tuple[int, int] | None:
    limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
    if limit is None or used is None:
        return None
    return used - _table(folder / "memory.stat").get("inactive_file", 0), limit


def _version_1(folder: Path) -> tuple[int, int] | None:
    folder = folder / "memory"
    limit = _number(folder / "memory.limit_in_bytes")
    used = _number(folder / "memory.usage_in_bytes")
    if limit is None or used is None:
        return None
    return used - _table(folder / "memory.stat").get("total_inactive_file", 0), limit


def _number(path: Path) -> int | None:
    """None when absent or "max": such a cgroup has no limit of its own."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _table(path: Path, *, scale: int = 1) -> dict[str, int]:
    try:
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except OSError:
        return {}
    return {
        row[0]: int(row[1]) * scale
        for row in rows
        if len(row) > 1 and row[1].isdecimal()
    }


def _share(used: int, limit: int) -> Decimal:
    return (Decimal(max(0, used)) * 100 / limit).quantize(Decimal("0.01"))


def _key() -> str:
    return f"rrr:{settings.RRR_ENV}:memory"


def report() -> None:
    """Tell Redis this host's figure."""
    value = percent()
    if value is None:
        return
    text = json.dumps({"value": str(value), "at": time.time()})
    BREAKER.call(lambda: client().hset(_key(), os.uname().nodename, text), otherwise=0)


def _report_for_ever() -> None:
    while True:
        try:
            report()
        except Exception:
            logger.exception("the memory was not reported")  # the next time it may be
        time.sleep(EVERY_SECONDS)


_starting = Lock()
_reporting: Thread | None = None


def keep_reporting() -> None:
    """This process reports every 10 s from now on, beside its work: neither Redis nor
    the search for its address may hold that up. Asked again, it goes on."""
    global _reporting
    with _starting:
        if _reporting is None or not _reporting.is_alive():
            _reporting = Thread(target=_report_for_ever, name="memory", daemon=True)
            _reporting.start()


def read(now: float) -> Mapping[str, Decimal] | None:
    """{host: percent} of the hosts heard of within a minute; None without Redis. What
    lies further ahead was written before a clock was set back."""

    def ask() -> dict[str, Decimal] | None:
        raw = client().hgetall(_key())
        reports = {
            os.fsdecode(host): json.loads(report) for host, report in raw.items()
        }
        return {
            host: Decimal(report["value"])
            for host, report in reports.items()
            if abs(now - report["at"]) <= FRESH_SECONDS
        }

    return BREAKER.call(ask, otherwise=None)
