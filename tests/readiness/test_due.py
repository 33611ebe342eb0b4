"""When a check is measured again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from readiness.models import Check, Evidence, Item, Review, ReviewItem, Standing
from readiness.queries.due import WatchedCheck

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def watched(observed_at: datetime | None, verdict: str = "pass") -> WatchedCheck:
    """A check that stays fresh for ten hours, so it is due again after five."""
    latest = Evidence(verdict=verdict, observed_at=observed_at or NOON)
    latest.put_under_seal()
    return WatchedCheck(
        review=Review(),
        item=ReviewItem(),
        key="SEC-01",
        check=Check(item=Item(), probe="cors", freshness=36_000),
        standing=Standing(latest=latest) if observed_at else None,
    )


@pytest.mark.parametrize(
    ("observed", "measured", "due"),
    [
        pytest.param(None, None, True, id="never looked"),
        pytest.param(None, 0, False, id="measured, its record is on the way"),
        pytest.param(4, None, False, id="fresh enough"),
        pytest.param(6, None, True, id="half of its freshness is over"),
        pytest.param(6, 1, False, id="an old record, a newer measurement"),
        pytest.param(6, 6, True, id="both are old"),
        pytest.param(1, 9, False, id="the record is the newer one"),
    ],
)
def test_a_check_is_due(observed: int | None, measured: int | None, due: bool) -> None:
    """Hours before noon; no database is asked."""
    check = watched(None if observed is None else NOON - observed * HOUR)
    measured_at = None if measured is None else NOON - measured * HOUR
    assert check.due(NOON, measured_at) is due


def test_a_setting_that_is_not_set_is_not_asked_for_every_minute() -> None:
    """A day of asking as the job does it, every ten seconds."""
    check, measured = watched(NOON, "error"), NOON
    asked = 0
    for tick in range(8_640):
        at = NOON + tick * timedelta(seconds=10)
        if check.due(at, measured):
            asked, measured = asked + 1, at
    assert 24 <= asked <= 32
