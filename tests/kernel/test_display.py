"""Numbers and times as people read them: one table of each format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template

from kernel import display
from kernel.spoken import exactly

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


CASES: list[tuple[Callable[..., str], str | None, tuple[Any, ...], dict[str, Any], str]] = [
    (display.grouped, "1234.5", (), {}, "1,234.5"),
    (display.grouped, "1234.5", (2,), {}, "1,234.50"),
    (display.grouped, "-1234567.005", (2,), {}, "−1,234,567.00"),
    (display.grouped, "-0.001", (2,), {}, "0.00"),
    (display.grouped, "-0", (), {}, "0"),
    (display.grouped, "0.125", (2,), {}, "0.12"),
    (display.grouped, "0.000000000000000001", (), {}, "0.000000000000000001"),
    (display.number, None, (), {}, "–"),
    (display.number, "12345.10", (), {}, "12,345.1"),
    (display.signed, None, (), {}, "–"),
    (display.signed, "5", (), {}, "+5.00"),
    (display.signed, "-5", (), {}, "−5.00"),
    (display.signed, "0", (), {}, "0.00"),
    (display.signed, "-0.001", (), {}, "0.00"),
    (display.percent, None, (), {}, "–"),
    (display.percent, "4.314", (), {}, "4.31 %"),
    (display.percent, "4.314", (), {"plus": True}, "+4.31 %"),
    (display.percent, "-4.314", (), {"plus": True, "places": 1}, "−4.3 %"),
    (display.percent, "0", (), {"plus": True}, "0.00 %"),
    (display.money, None, ("USD",), {}, "–"),
    (display.money, "1234.5", ("USD",), {}, "1,234.50 USD"),
    (display.money, "0.09", ("USD",), {}, "0.09000000 USD"),
    (display.money, "0.1", (), {}, "0.10"),
    (display.money, "0", ("BTC",), {}, "0.00 BTC"),
    (display.amount, None, ("USD",), {}, "–"),
    (display.amount, "1284317.42", ("USD",), {}, "$1,284,317.42"),
    (display.amount, "-5", ("EUR",), {}, "−€5.00"),
    (display.amount, "4.62208578", ("BTC",), {}, "4.62208578 BTC"),
    (display.amount, "-4", ("BTC",), {}, "−4.00000000 BTC"),
    (display.amount, "4", ("", 2), {}, "4.00"),
    (display.change, None, ("USD",), {}, "–"),
    (display.change, "58781.28", ("USD",), {}, "▲ +$58,781.28"),
    (display.change, "-58781.28", ("USD",), {}, "▼ −$58,781.28"),
    (display.change, "0", ("USD",), {}, "$0.00"),
    (display.tone, None, (), {}, ""),
    (display.tone, "0", (), {}, ""),
    (display.tone, "0.01", (), {}, "gain"),
    (display.tone, "-0.01", (), {}, "loss"),
    (display.arrow, None, (), {}, ""),
    (display.arrow, "0", (), {}, ""),
    (display.arrow, "1", (), {}, "▲"),
    (display.arrow, "-1", (), {}, "▼"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("show", "value", "more", "named", "shown"),
    CASES,
    ids=[f"{case[0].__name__} {case[1]} {case[4]}" for case in CASES],
)
def test_a_number_is_shown(
    show: Callable[..., str],
    value: str | None,
    more: tuple[Any, ...],
    named: dict[str, Any],
    shown: str,
) -> None:
    assert show(exact(value), *more, **named) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h"),
        (86_399, "23 h"), (86_400, "1 d"), (-90, "1 min"),
    ],
)  # fmt: skip
def test_an_age_has_one_unit(seconds: float, shown: str) -> None:
    assert display.age(seconds) == shown
    assert display.ago(AT, AT + timedelta(seconds=seconds)) == shown


def test_no_time_has_no_age() -> None:
    assert display.ago(None) == "–"


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ v|number }}", "1,234.5"),
        ("{{ v|number:2 }}", "1,234.50"),
        ("{{ v|money:'USD' }}", "1,234.50 USD"),
        ("{{ v|delta }}", "+1,234.50"),
        ("{{ v|arrow }}", "▲"),
        ("{{ v|plain }}", "1234.5"),
        ("{{ none|number }}{{ none|money }}{{ none|delta }}{{ none|ago }}", "––––"),
        ("{{ at|ago:later }}", "2 min"),
    ],
)
def test_templates_have_the_same_formats(template: str, shown: str) -> None:
    context = Context(
        {
            "v": Decimal("1234.50"),
            "at": AT,
            "later": AT + timedelta(minutes=2),
            "none": None,
        }
    )
    assert Template(template).render(context) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "90 s"),
        (900, "15 min"),
        (3_600, "1 h"),
        (5_400, "90 min"),
        (172_800, "48 h"),
        (1_801, "1,801 s"),
    ],
)
def test_a_length_is_said_without_rounding(seconds: int, said: str) -> None:
    assert exactly(seconds) == said
