"""A clock that is set back an hour while an alert waits: it fires all the same.

The wall clock is `faketime`'s, of one process only; the monotonic one is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from kernel.redis import client
from operations.models import Alert, Rule
from operations.services import memory
from tests.faults.lonely_watch import lonely_watch
from tests.served import until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.fixture
def set_clock(tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """set_clock("-1h"): what the clock of a `watch` of this test's database says."""
    offset = tmp_path / "offset"
    offset.write_text("+0")
    faked = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with lonely_watch(str(connection.settings_dict["NAME"]), tmp_path, **faked):
        yield offset.write_text


def alert_is(state: str, *, set_back: float = 0) -> bool:
    """Reports the memory first, by the clock that `watch` reads."""
    at = time.time() - set_back
    client().hset(memory._key(), "host", f'{{"value": "99", "at": {at}}}')
    return Alert.objects.filter(rule="memory", target="host", state=state).exists()


def test_an_alert_that_waits_fires_after_the_clock_was_set_back(
    set_clock: Callable[[str], int],
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    Rule.objects.filter(name="memory").update(for_seconds=12, threshold=Decimal(80))
    assert until(30 * factor, lambda: alert_is("pending"))
    set_clock("-1h")
    began = time.monotonic()
    assert until(60 * factor, lambda: alert_is("firing", set_back=3600))
    waited = time.monotonic() - began
    alert = Alert.objects.get(rule="memory", target="host")
    assert alert.fired_at is not None
    assert alert.fired_at < timezone.now() - timedelta(minutes=50), "it was set back"
    seen("clock set back 1 h", "what waits 12 s fires ≤ 60 s", f"{waited:.0f} s")
