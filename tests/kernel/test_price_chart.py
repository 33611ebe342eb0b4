"""Prices with what was traded at them: each a point of the script's drawing, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from kernel.price_chart import Deal, price_data

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def test_every_price_and_deal_is_a_point_in_the_order_of_time() -> None:
    prices = [(after(n), Decimal(100 + n)) for n in range(3)]
    deals = [
        Deal(at=after(1), price=Decimal("1e-8"), bought=True, label="b", told=True),
        Deal(at=after(1.5), price=Decimal(99), bought=False, label="s"),
    ]
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        data = price_data(prices, deals)
    assert data["zone"] == "Asia/Tokyo"
    assert data["t"] == [after(n).timestamp() for n in (0, 1, 1, 1.5, 2)]
    price, bought, sold = data["panels"][0]["series"]
    assert price["values"] == [100, 101, None, None, 102]
    assert bought["values"] == [None, None, 1e-8, None, None]
    assert sold["values"] == [None, None, None, 99, None]
    assert [mark["own"] for mark in data["flows"]] == [True, False]


def test_what_was_never_done_has_no_line() -> None:
    data = price_data([(NOON, Decimal(1))], [])
    assert [series["name"] for series in data["panels"][0]["series"]] == ["Price"]
