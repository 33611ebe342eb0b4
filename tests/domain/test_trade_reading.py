"""How text becomes a fact: what is taken, what is refused, and under which field."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from trades.domain.facts import symbol_parts
from trades.domain.reading import (
    FILL_FIELDS,
    TRANSFER_FIELDS,
    TRANSFER_KINDS,
    NotAFact,
    read_balance,
    read_fill,
    read_price,
    read_transfer,
    zone_of,
)
from trades.domain.times import FUTURE, read_time

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
FILL = {
    "external_id": "f1",
    "symbol": "BTC-USD",
    "side": "buy",
    "quantity": "1",
    "price": "10",
    "executed_at": "2026-01-01T00:00:00Z",
}
TRANSFER = {
    "external_id": "t1",
    "kind": "deposit",
    "asset": "USD",
    "amount": "5",
    "at": "2026-01-01T00:00:00Z",
}
PRICE = {"symbol": "BTC-USD", "at": "2026-01-01T00:00:00Z", "price": "10"}
BALANCE = {"asset": "USD", "amount": "5", "at": "2026-01-01T00:00:00Z"}
READERS: dict[str, tuple[Any, dict[str, str]]] = {
    "fill": (read_fill, FILL),
    "transfer": (read_transfer, TRANSFER),
    "price": (read_price, PRICE),
    "balance": (read_balance, BALANCE),
}


def faults(kind, /, **changes):
    """{field: code} of what is wrong with the good row of this kind once changed."""
    read, row = READERS[kind]
    changed = {**row, **changes}
    try:
        read({name: v for name, v in changed.items() if v is not ...}, now=NOW)
    except NotAFact as error:
        return {fault.pointer.strip("/"): fault.code for fault in error.errors}
    return {}


@pytest.mark.parametrize("kind", READERS)
def test_the_good_rows_are_good(kind):
    assert faults(kind) == {}


REFUSED = [
    ("fill", "external_id", ..., "required"),
    ("fill", "external_id", "", "required"),
    ("fill", "external_id", "  ", "required"),
    ("fill", "external_id", "x" * 101, "too_long"),
    ("fill", "external_id", "a\x07", "invalid"),
    ("fill", "external_id", "a\x85b", "invalid"),
    ("fill", "note", "paid \u202e001", "invalid"),
    ("fill", "note", "paid \u2066001", "invalid"),
    ("fill", "symbol", "\u00df-USD", "invalid"),
    ("fill", "symbol", "b\u0131t-USD", "invalid"),
    ("transfer", "asset", "\u00dfx", "invalid"),
    ("fill", "external_id", True, "invalid"),
    ("fill", "external_id", ["a"], "invalid"),
    ("fill", "symbol", ..., "required"),
    ("fill", "symbol", "BTC USD", "invalid"),
    ("fill", "symbol", "-USD", "invalid"),
    ("fill", "symbol", "BTC-", "invalid"),
    ("fill", "symbol", "A" * 25, "invalid"),
    ("fill", "symbol", "BTC-USD-EUR", "invalid"),
    ("fill", "side", ..., "required"),
    ("fill", "side", "hold", "choice"),
    ("fill", "quantity", ..., "required"),
    ("fill", "quantity", "0", "range"),
    ("fill", "quantity", "-1", "range"),
    ("fill", "quantity", "NaN", "not_exact"),
    ("fill", "quantity", "Infinity", "not_exact"),
    ("fill", "quantity", 1.5, "not_exact"),
    ("fill", "quantity", True, "not_exact"),
    ("fill", "quantity", "1.0000000000000000001", "not_exact"),
    ("fill", "quantity", "1" + "0" * 20, "not_exact"),
    ("fill", "quantity", "one", "not_exact"),
    ("fill", "price", "-0.01", "range"),
    ("fill", "price", ..., "required"),
    ("fill", "fee", "much", "not_exact"),
    ("fill", "fee_currency", "U S D", "invalid"),
    ("fill", "executed_at", ..., "required"),
    ("fill", "executed_at", "2026-01-01T00:00:00", "time"),
    ("fill", "executed_at", "2026-01-01", "time"),
    ("fill", "executed_at", "2026-13-01T00:00:00Z", "time"),
    ("fill", "executed_at", "0001-01-01T00:00:00+14:00", "time"),
    ("fill", "executed_at", "1899-12-31T23:59:59Z", "time"),
    ("fill", "executed_at", "2026-06-01T12:05:01Z", "future"),
    ("fill", "order_type", "x" * 21, "too_long"),
    ("fill", "liquidity", "both", "choice"),
    ("fill", "note", "x" * 2001, "too_long"),
    ("fill", "lots", [{"trade": "1", "quantity": "1"}], "not_supported"),
    ("fill", "colour", "red", "unknown"),
    ("transfer", "external_id", ..., "required"),
    ("transfer", "kind", "gift", "choice"),
    ("transfer", "kind", ..., "required"),
    ("transfer", "asset", ..., "required"),
    ("transfer", "asset", "US DOLLAR", "invalid"),
    ("transfer", "amount", "0", "range"),
    ("transfer", "amount", "-5", "range"),
    ("transfer", "amount", ..., "required"),
    ("transfer", "cost", "-1", "range"),
    ("transfer", "cost", "cheap", "not_exact"),
    ("transfer", "symbol", "B T C", "invalid"),
    ("transfer", "at", "tomorrow", "time"),
    ("price", "symbol", ..., "required"),
    ("price", "price", "-1", "range"),
    ("price", "price", ..., "required"),
    ("price", "at", ..., "required"),
    ("price", "source", "x" * 41, "too_long"),
    ("price", "currency", "U S D", "invalid"),
    ("price", "scope", "mine", "choice"),
    ("price", "author", "ada", "unknown"),
    ("balance", "asset", ..., "required"),
    ("balance", "amount", ..., "required"),
    ("balance", "amount", "x", "not_exact"),
    ("balance", "at", "2199-01-01T00:00:00Z", "future"),
    ("balance", "source", "bank", "unknown"),
]


@pytest.mark.parametrize(
    ("kind", "field", "value", "code"),
    REFUSED,
    ids=[f"{kind} {field} {n}" for n, (kind, field, _, _) in enumerate(REFUSED)],
)
def test_a_fault_is_named_by_its_field_and_code(kind, field, value, code):
    assert faults(kind, **{field: value})[field] == code


def test_every_fault_of_a_row_is_named_at_once():
    assert faults("fill", side="x", quantity="0", price="y", colour="z") == {
        "side": "choice",
        "quantity": "range",
        "price": "not_exact",
        "colour": "unknown",
    }


def test_a_withdrawal_is_negative_and_the_others_are_free():
    assert faults("transfer", kind="withdrawal") == {"amount": "range"}
    assert faults("transfer", kind="withdrawal", amount="-5") == {}
    for kind in set(TRANSFER_KINDS) - {"deposit", "withdrawal"}:
        assert faults("transfer", kind=kind) == {}
        assert faults("transfer", kind=kind, amount="-5") == {}


def test_a_value_larger_than_the_ledger_holds_is_refused():
    large = "99999999999999999999"
    assert faults("fill", quantity=large, price=large) == {"quantity": "range"}
    assert faults("fill", quantity=large, price="1") == {}


@pytest.mark.parametrize(
    ("field", "given", "read_as"),
    [
        ("symbol", "btc/usd", "BTC-USD"),
        ("symbol", " aapl ", "AAPL"),
        ("symbol", "BRK.B", "BRK.B"),
        ("symbol", "^GSPC", "^GSPC"),
        ("side", "SELL", "sell"),
        ("quantity", "1e-18", Decimal("0.000000000000000001")),
        ("quantity", 3, Decimal(3)),
        ("price", "0", Decimal(0)),
        ("price", "1.5E3", Decimal(1500)),
        ("fee", "", Decimal(0)),
        ("fee", "-0.1", Decimal("-0.1")),
        ("fee_currency", "bnb", "BNB"),
        ("liquidity", "Maker", "maker"),
        ("note", "two\nlines", "two\nlines"),
        ("external_id", 42, "42"),
    ],
)
def test_what_is_taken_is_taken_exactly(field, given, read_as):
    fill = read_fill({**FILL, field: given}, now=NOW)
    assert getattr(fill, field) == read_as


def test_an_amount_is_quantity_times_price_rounded_once():
    fill = read_fill(
        {**FILL, "quantity": "0.333333333333333333", "price": "0.1"}, now=NOW
    )
    assert fill.booked_amount == Decimal("0.033333333333333333")


def test_a_clock_may_be_five_minutes_wrong():
    almost = (NOW + FUTURE).isoformat()
    assert faults("fill", executed_at=almost) == {}
    late = (NOW + FUTURE + timedelta(seconds=1)).isoformat()
    assert faults("fill", executed_at=late) == {"executed_at": "future"}


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2026-01-31T09:30:00Z", None, "2026-01-31T09:30:00+00:00"),
        ("2026-01-31T09:30:00+05:30", None, "2026-01-31T04:00:00+00:00"),
        (" 2026-01-31T09:30:00Z ", None, "2026-01-31T09:30:00+00:00"),
        ("2026-01-31", BERLIN, "2026-01-30T23:00:00+00:00"),
        ("2026-07-31 09:30", BERLIN, "2026-07-31T07:30:00+00:00"),
        ("2026-07-31T09:30:00Z", BERLIN, "2026-07-31T09:30:00+00:00"),
        ("1900-01-01T00:00:00Z", None, "1900-01-01T00:00:00+00:00"),
    ],
)
def test_times_are_utc(text, zone, at):
    assert read_time(text, zone).isoformat() == at


@pytest.mark.parametrize("text", ["", "now", "2026-02-30", "12:00", "31.01.2026", None])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="is no time"):
        read_time(text, BERLIN)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("BTC-USD", ("BTC-USD", "BTC", "USD")),
        ("btc/usd", ("BTC-USD", "BTC", "USD")),
        ("AAPL", ("AAPL", "AAPL", "EUR")),
        (" aapl ", ("AAPL", "AAPL", "EUR")),
        ("A-B-C", ("A-B-C", "A", "B-C")),
    ],
)
def test_a_symbol_names_its_quote_or_is_quoted_in_the_base_currency(given, parts):
    assert symbol_parts(given, "EUR") == parts


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "europe berlin"])
def test_a_zone_that_does_not_exist(name):
    with pytest.raises(ValueError, match="is no time zone"):
        zone_of(name)


def test_the_fields_are_those_of_the_contract():
    assert FILL_FIELDS[:5] == ("book", "external_id", "symbol", "side", "quantity")
    assert set(TRANSFER) <= set(TRANSFER_FIELDS)
    assert len(set(FILL_FIELDS)) == len(FILL_FIELDS)
