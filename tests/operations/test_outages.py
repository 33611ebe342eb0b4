"""An outage of the database is paged once: its own errors are no error rate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kernel.redis import client
from operations.domain.windows import Counts, outage_slots, slot_of
from operations.models import Alert
from operations.services import alerting, counters, paging
from operations.services.database_watch import DatabaseWatch

# Without an operator that would be an alert, too.
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("operator")]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, settings: Any) -> None:
    settings.STATE_DIR = tmp_path
    for key in client().scan_iter("rrr:*"):
        client().delete(key)
    paging.mirror()


def served(first: int, last: int, *, status: int) -> None:
    """50 requests in each slot from the first second to the last."""
    for seconds in range(first, last + 1, 10):
        counts = Counts()
        for _ in range(50):
            counts.add(status=status, seconds=0.01)
        counters._send({slot_of(after(seconds).timestamp()): counts})


def looked_at(*away: tuple[int, int], until: int) -> None:
    """watch looks every 5 s, and where the database answers a tick every 10 s."""
    answers: list[str | None] = []
    watch = DatabaseWatch(ask=lambda: answers.pop())
    for seconds in range(0, until + 1, 5):
        gone = any(first <= seconds <= last for first, last in away)
        answers.append("gone" if gone else None)
        if watch.look(after(seconds)) and seconds % 10 == 0:
            alerting.evaluate(after(seconds))


def fired() -> set[str]:
    return {*Alert.objects.exclude(fired_at=None).values_list("rule", flat=True)}


def test_an_outages_own_errors_page_nobody_a_second_time() -> None:
    served(0, 50, status=200)
    served(60, 120, status=503)
    served(130, 300, status=200)
    looked_at((65, 120), until=300)
    assert fired() == {"database"}
    assert not Alert.objects.exclude(rule="database").exists()


def test_two_outages_in_one_window_are_both_left_out() -> None:
    served(0, 300, status=200)
    served(60, 70, status=503)
    served(100, 110, status=503)
    looked_at((65, 75), (105, 115), until=300)
    assert not Alert.objects.exclude(rule="database").exists()


def test_errors_that_go_on_after_the_outage_are_paged() -> None:
    served(60, 400, status=503)
    looked_at((65, 75), until=300)
    assert fired() == {"database", "error-rate"}


def test_the_outage_its_neighbours_and_nothing_else_is_no_data() -> None:
    assert [*outage_slots(1005.0, 1019.9)] == [99, 100, 101, 102]
    counts = Counts(requests=50, errors=50)
    counters._send(dict.fromkeys(range(93, 99), counts))
    window = counters.read_window(990.0, outage_slots(951.0, 961.0))
    assert window is not None
    assert (window.requests, window.slots_read) == (100, 2)
    assert counters.read_window(990.0, range(90, 100)) is None


def test_the_story_says_when_the_database_answered_again() -> None:
    looked_at((5, 10), until=15)
    story = Alert.objects.get().timeline.values_list("kind", "at")
    assert [*story] == [("firing", after(5)), ("answered", after(15))]
