from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from operations.domain.alerting import AlertTimes, Change, Reading, step

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def high(value: int = 9) -> Reading:
    return Reading("memory", "host", Decimal(value), breached=True)


LOW = Reading("memory", "host", Decimal(1))
NO_DATA = Reading("memory", "host", None)
PENDING = AlertTimes(pending_at=NOON)
FIRING = AlertTimes(pending_at=NOON, fired_at=after(30))


def test_a_breach_opens_a_pending_alert() -> None:
    assert step(None, high(), for_seconds=30, at=NOON) is Change.OPEN


def test_a_pending_alert_fires_only_after_its_wait() -> None:
    assert step(PENDING, high(), for_seconds=30, at=after(29)) is Change.STILL
    assert step(PENDING, high(), for_seconds=30, at=after(30)) is Change.FIRE


def test_a_pending_alert_that_falls_below_ends_without_firing() -> None:
    assert step(PENDING, LOW, for_seconds=30, at=after(10)) is Change.RESOLVE


def test_a_firing_alert_resolves_after_thirty_seconds_below() -> None:
    assert step(FIRING, LOW, for_seconds=30, at=after(60)) is Change.BELOW
    below = AlertTimes(pending_at=NOON, fired_at=after(30), below_since=after(60))
    assert step(below, LOW, for_seconds=30, at=after(89)) is Change.NOTHING
    assert step(below, LOW, for_seconds=30, at=after(90)) is Change.RESOLVE
    assert step(below, high(), for_seconds=30, at=after(90)) is Change.STILL


def test_a_breach_soon_after_resolving_reopens_the_same_alert() -> None:
    ended = AlertTimes(pending_at=NOON, fired_at=after(30), resolved_at=after(100))
    assert step(ended, high(), for_seconds=30, at=after(699)) is Change.REOPEN
    assert step(ended, high(), for_seconds=30, at=after(700)) is Change.OPEN
    never_fired = AlertTimes(pending_at=NOON, resolved_at=after(100))
    assert step(never_fired, high(), for_seconds=30, at=after(101)) is Change.OPEN


@given(st.sampled_from([None, PENDING, FIRING]), st.integers(0, 100_000))
def test_no_data_neither_fires_nor_resolves(
    times: AlertTimes | None, seconds: int
) -> None:
    assert step(times, NO_DATA, for_seconds=30, at=after(seconds)) is Change.NOTHING
