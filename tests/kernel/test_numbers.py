"""The one reader of numbers: what a text may write, and what it may cost."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.numbers import NotExact, exact, read_number, text, whole_number

PLAIN = {
    "0": "0",
    "7": "7",
    "+7": "7",
    "-0.5": "-0.5",
    ".5": "0.5",
    "5.": "5",
    "007": "7",
    " 1.50 ": "1.5",
    "1e3": "1000",
    "1E+40": "1" + "0" * 40,
    "1.5e-7": "0.00000015",
    "0e40": "0",
    "0." + "1" * 98: "0." + "1" * 98,
}


@pytest.mark.parametrize(("given", "plain"), PLAIN.items(), ids=PLAIN)
def test_a_number_is_read_with_all_of_its_digits(given: str, plain: str) -> None:
    assert text(read_number(given)) == plain


REFUSED = {
    "": "not a number",
    "-": "not a number",
    ".": "not a number",
    "e5": "not a number",
    "1e": "not a number",
    "1,5": "not a number",
    "1_000": "not a number",
    "1 000": "not a number",
    "0x10": "not a number",
    "NaN": "not a number",
    "sNaN": "not a number",
    "Infinity": "not a number",
    "\u0661\u0662": "not a number",
    "\uff11": "not a number",
    "1\n2": "not a number",
    "1e41": "exponent beyond ±40",
    "1e-41": "exponent beyond ±40",
    "0e999999999": "exponent beyond ±40",
    "1e99999999999999999999": "exponent beyond ±40",
    "1" * 101: "longer than 100",
    "0." + "0" * 99: "longer than 100",
}


@pytest.mark.parametrize(("given", "reason"), REFUSED.items(), ids=map(ascii, REFUSED))
def test_what_is_no_number_says_why(given: str, reason: str) -> None:
    for read in (read_number, exact):
        with pytest.raises(NotExact, match=reason):
            read(given)


@pytest.mark.parametrize("given", ["1e999999999", "-1e-999999999", "9" * 5_000_000])
def test_a_refusal_costs_nothing(given: str) -> None:
    """Written out, the first two are a gigabyte."""
    tracemalloc.start()
    try:
        with pytest.raises(NotExact) as refused:
            read_number(given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000
    assert len(str(refused.value)) < 100


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18).map(str))
def test_a_decimal_comes_back_as_it_was(given: str) -> None:
    assert len(given) > 100 or read_number(given) == Decimal(given)


@pytest.mark.parametrize(
    "value",
    [Decimal("1e999999999"), Decimal("1e-999999999"), Decimal("NaN"), 10**5000, 0.5],
    ids=["large", "small", "no number", "many digits", "float"],
)
def test_a_value_of_code_is_bounded_too(value: Decimal | int) -> None:
    with pytest.raises(NotExact):
        exact(value)


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
        ("9" * 5_000, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1.0", None),
        ("1_0", None),
        ("\u0665", None),
        ("²", None),
    ],
    ids=ascii,
)
def test_a_whole_number_is_plain_digits(given: str, number: int | None) -> None:
    assert whole_number(given) == number
