"""What the names of ranges mean on a day."""

from __future__ import annotations

from datetime import date

import pytest

from portfolio.domain.periods import PERIODS, period

WEDNESDAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("1d", date(2026, 3, 4)),
        ("7d", date(2026, 2, 26)),
        ("30d", date(2026, 2, 3)),
        ("90d", date(2025, 12, 5)),
        ("1y", date(2025, 3, 5)),
        ("wtd", date(2026, 3, 2)),
        ("ytd", date(2026, 1, 1)),
        ("all", None),
        ("1h", date(2026, 3, 4)),
        ("4h", date(2026, 3, 4)),
    ],
)
def test_a_range_ends_today_and_begins_so_many_days_before(name, first):
    chosen = period(name, WEDNESDAY)
    assert (chosen.name, chosen.first, chosen.last) == (name, first, WEDNESDAY)


@pytest.mark.parametrize(("name", "hours"), [("1h", 1), ("4h", 4), ("1d", None)])
def test_only_ranges_inside_a_day_have_hours(name, hours):
    assert period(name, WEDNESDAY).hours == hours


def test_the_table_is_whole():
    assert [period(name, WEDNESDAY).name for name in PERIODS] == list(PERIODS)


@pytest.mark.parametrize("name", ["", "2d", "1D", "year"])
def test_another_name_means_nothing(name):
    with pytest.raises(KeyError):
        period(name, WEDNESDAY)


@pytest.mark.parametrize(
    ("today", "first"),
    [
        pytest.param(date(2026, 3, 2), date(2026, 3, 2), id="on a Monday"),
        pytest.param(date(2026, 3, 8), date(2026, 3, 2), id="on a Sunday"),
        pytest.param(date(2026, 1, 1), date(2025, 12, 29), id="over the new year"),
    ],
)
def test_a_week_begins_on_monday(today, first):
    assert period("wtd", today).first == first


def test_a_year_to_date_begins_on_its_first_day_also_on_that_day():
    assert period("ytd", date(2026, 1, 1)).first == date(2026, 1, 1)


def test_a_leap_day_is_a_day():
    assert period("30d", date(2028, 3, 1)).first == date(2028, 2, 1)
