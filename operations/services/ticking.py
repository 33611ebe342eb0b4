"""The tick: every 10 s, from beat through a worker, or from `watch` itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from kernel import http
from operations.models import Heartbeat
from operations.services import (
    alerting,
    delivery,
    heartbeats,
    paging,
    scheduler,
    silences,
)

logger = logging.getLogger("rrr.jobs")


def tick(at: datetime, *, by: str = "worker") -> None:
    """Queue what is due, end silences, look at the rules, send what waits, tell the watchdog.

    Safe to run twice at once: every step is a compare-and-set. `by="watch"` queues
    no probes and rings for nobody. One step failing does not stop the next; the
    watchdog is told of none while alerts are not looked at or sent.
    """
    heartbeats.beat(Heartbeat.Kind.TICK, at, host="any")
    alone = by == "watch"
    _step(lambda: scheduler.run_due(at, probes=not alone, ring=not alone))
    # First what is over: what fires in this very tick is told as always.
    _step(lambda: silences.settle(at))
    looked = _step(lambda: alerting.evaluate(at))
    _step(paging.mirror)
    # Briefly in `watch`, which has the database to ask every 5 s.
    begin_within = 5.0 if alone else delivery.BEGIN_WITHIN
    sent = _step(lambda: delivery.deliver(at, begin_within=begin_within))
    if looked and sent:
        _step(_ping)


def _step(work: Callable[[], object]) -> bool:
    """Whether it went well."""
    try:
        work()
    except Exception:
        logger.exception("a step of the tick failed")
        return False
    return True


def _ping() -> None:
    """WATCHDOG_URL expects us: its owner is told when we stop coming, or can tell
    nobody ourselves."""
    if not settings.WATCHDOG_URL:
        return
    try:
        http.send(settings.WATCHDOG_URL, method="GET")
    except (http.Refused, http.NoAnswer) as error:
        logger.warning("watchdog: %s", error)
