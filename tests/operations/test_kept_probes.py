"""Probes of what is kept: windows, incidents, look-ups of the cache, pooled connections.
Each fault, and each store that is right only where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from operations.models import Alert, Minute, ProbeResult, Rule
from operations.probes.db_pool import faults_of
from rrr_dashboard.reads import telling
from tests.probing import Lie, Own, see

pytestmark = pytest.mark.django_db


# --- windows


def minutes(count: int, *, skip: int = 0, slots: int = 6, **values: int) -> None:
    """The `count` minutes before the last `skip`."""
    now = timezone.now().replace(second=0, microsecond=0)
    Minute.objects.bulk_create(
        Minute(
            at=now - timedelta(minutes=number + 1 + skip),
            series="web",
            values=values,
            slots_read=slots,
        )
        for number in range(count)
    )


def test_a_whole_window_is_measured() -> None:
    minutes(60, n=100, e=1, b3=98, b6=2)
    assert see("window", metric="error_rate", hours="1").value == "1.00"
    assert see("window", metric="latency_p95", hours="1").value == "50"


def test_a_bad_hour_among_good_ones_counts_as_much_as_it_was() -> None:
    """Now all is well."""
    minutes(30, n=100, b0=100)
    minutes(30, skip=30, n=100, e=50, b0=10, b8=90)
    share = Decimal(see("window", metric="error_rate", hours="1").value or "0")
    assert 24 < share < 26
    assert see("window", metric="latency_p95", hours="1").value == "2000"


def test_a_window_that_is_over_is_told_as_it_was() -> None:
    """The bad hour before it, and the one after it, are no part of it."""
    minutes(60, n=100, e=50)
    minutes(60, skip=60, n=100, e=1)
    minutes(60, skip=120, n=100, e=90)
    end = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    asked = {"metric": "error_rate", "hours": "1", "until": end.isoformat()}
    assert see("window", **asked).value == "1.00"


@pytest.mark.parametrize("until", ["soon", "2026-01-01", "2999-01-01T00:00:00+00:00"])
def test_until_is_a_moment_that_has_come(until: str) -> None:
    with pytest.raises(ValueError, match=r"until|isoformat"):
        see("window", metric="error_rate", until=until)


def test_slower_than_every_bound_is_a_figure_that_fails() -> None:
    minutes(60, n=10, b9=10)
    assert see("window", metric="latency_p95", hours="1").value == "2001"


@pytest.mark.parametrize(("known", "slots"), [(50, 6), (60, 5)])
def test_a_window_with_holes_says_nothing(known: int, slots: int) -> None:
    """What is known of it is perfect."""
    minutes(known, slots=slots, n=100, b0=100)
    seen = see("window", metric="error_rate", hours="1")
    assert (seen.value, "95% are needed" in seen.error) == (None, True)


def test_a_day_in_which_nobody_asked_is_no_quick_day() -> None:
    minutes(60)
    assert see("window", metric="latency_p95", hours="1").value is None
    assert see("window", metric="error_rate", hours="1").value == "0"


@pytest.mark.parametrize("metric", ["memory", "cpu", "cache_hit"])
def test_what_is_not_kept_is_named(metric: str) -> None:
    assert "not kept minute by minute" in see("window", metric=metric).error


@pytest.mark.parametrize("params", [{"metric": "luck"}, {"hours": "0"}])
def test_an_unknown_window_is_an_error(params: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"is one of|is 1 to 960"):
        see("window", **params)


def looked(at: datetime, value: str | None) -> None:
    ProbeResult.objects.create(
        name="health",
        params_digest="",
        definition="",
        about="running",
        environment="development",
        host="here",
        value=value,
        started_at=at,
        observed_at=at,
    )


@pytest.mark.parametrize(("bad", "value"), [(None, "0"), ("1", "1")])
def test_health_is_of_every_look(bad: str | None, value: str) -> None:
    now = timezone.now()
    for number in range(59):
        looked(now - timedelta(minutes=number), "0")
    looked(now - timedelta(minutes=59, seconds=30), bad or "0")
    assert see("window", metric="health", hours="1").value == value


def test_a_look_that_could_not_be_taken_is_no_good_one() -> None:
    now = timezone.now()
    for number in range(60):
        looked(now - timedelta(minutes=number), "0" if number else None)
    assert see("window", metric="health", hours="1").value == "1"


# --- incidents


@pytest.fixture
def watched() -> None:
    Rule.objects.update(judged_at=timezone.now(), enabled=True)


def fired(severity: str, days_ago: float, resolved: float | None = None) -> None:
    now = timezone.now()
    Alert.objects.create(
        fingerprint=f"{severity}{days_ago}",
        rule="error-rate",
        severity=severity,
        state="firing" if resolved is None else "resolved",
        pending_at=now - timedelta(days=days_ago),
        fired_at=now - timedelta(days=days_ago),
        resolved_at=None if resolved is None else now - timedelta(days=resolved),
    )


@pytest.mark.usefixtures("watched")
def test_a_quiet_week_has_no_incident() -> None:
    fired("P2", 1)
    fired("P0", 30, resolved=29)
    assert see("incidents").value == "0"


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    ("days_ago", "resolved"), [(1.0, 0.5), (6.9, None), (30.0, None), (30.0, 2.0)]
)
def test_what_fired_or_still_burned_within_the_week_counts(
    days_ago: float, resolved: float | None
) -> None:
    """It may have begun before, and be over now."""
    fired("P1", days_ago, resolved)
    assert see("incidents").value == "1"


@pytest.mark.parametrize(
    "blind",
    [
        {"enabled": False},
        {"judged_at": None},
        {"judged_at": timezone.now() - timedelta(hours=1)},
    ],
)
@pytest.mark.usefixtures("watched")
def test_a_week_without_alerts_because_nobody_looked_says_nothing(
    blind: dict[str, Any],
) -> None:
    Rule.objects.filter(name="database").update(**blind)
    assert see("incidents").error == "nobody looks: database"


# --- look-ups


@pytest.fixture
def counted(changed: Lie, own: Own) -> Any:
    def count(hits: int, misses: int) -> Any:
        body = (
            "# TYPE rrr_cache_lookups_total counter\n"
            f'rrr_cache_lookups_total{{result="hit"}} {hits}\n'
            f'rrr_cache_lookups_total{{result="miss"}} {misses}\n'
        )
        changed("/metrics", body=body.encode())
        return see("cache_hit")

    return count


def earlier(**facts: str) -> None:
    at = timezone.now() - timedelta(minutes=16)
    ProbeResult.objects.create(
        name="cache_hit",
        params_digest="",
        definition="",
        about="running",
        environment="development",
        host="here",
        facts=facts,
        started_at=at,
        observed_at=at,
    )


def test_a_share_is_of_a_thousand_look_ups_at_least(counted: Any) -> None:
    assert counted(800, 200).value == "80.0"
    assert (counted(998, 1).value, counted(998, 1).error) == (
        None,
        "999 look-ups, 1,000 are needed",
    )


def test_a_good_yesterday_does_not_hide_todays_misses(counted: Any) -> None:
    """All told, nine of ten are there already."""
    earlier(hits="90000", lookups="90000")
    assert counted(91_000, 9_000).value == "10.0"


def test_processes_that_began_anew_count_from_there(counted: Any) -> None:
    earlier(hits="90000", lookups="90000")
    assert counted(1_500, 500).value == "75.0"


def test_without_a_look_up_there_is_no_share(own: Own, changed: Lie) -> None:
    changed("/metrics", body=b"# TYPE other counter\n")
    assert see("cache_hit").error.startswith("0 look-ups")


def test_hits_and_misses_of_hot_reads_are_counted() -> None:
    def told(result: str) -> float:
        return float(telling.LOOKUPS.labels(result)._value.get())

    before = told("hit"), told("miss")
    telling.count_lookup(hit=True)
    telling.count_lookup(hit=False)
    assert (told("hit"), told("miss")) == (before[0] + 1, before[1] + 1)


# --- pooled connections


class Pooled:
    """A connection whose backend is the next of these each time it is opened."""

    def __init__(self, pool: Any, backends: list[int]) -> None:
        self.settings_dict = {"OPTIONS": {"pool": pool}, "CONN_MAX_AGE": 60}
        self.backends, self.turn = backends, 0

    @contextmanager
    def cursor(self) -> Iterator[Pooled]:
        yield self

    def execute(self, sql: str) -> None:
        assert sql == "SELECT pg_backend_pid()"

    def fetchone(self) -> tuple[int]:
        return (self.backends[self.turn % len(self.backends)],)

    def close(self) -> None:
        self.turn += 1


def test_connections_that_come_again_are_pooled() -> None:
    assert list(faults_of(Pooled({"max_size": 4}, [1, 2, 3]))) == []


def test_a_pool_that_opens_a_new_connection_each_time_is_found() -> None:
    """Its setting is right."""
    [fault] = faults_of(Pooled(True, list(range(8))))
    assert fault == "8 turns took 8 connections: none came again"


def test_kept_connections_are_no_pool() -> None:
    [fault] = faults_of(Pooled(None, [1]))
    assert "each thread keeps its own connection for 60 s" in fault


def test_our_database_says_what_it_lacks() -> None:
    seen = see("db_pool")
    if connection.vendor == "sqlite":
        assert (seen.value, "not PostgreSQL" in seen.error) == (None, True)
    else:
        assert (seen.value, "there is no pool" in seen.detail) == ("1", True)
