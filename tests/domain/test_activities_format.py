"""Activities of a portfolio tracker, as JSON and as CSV."""

import json
from decimal import Decimal

import pytest

from tests.domain.formats import broken, read


def activity(**changes):
    return {
        "type": "BUY",
        "symbol": "OAK",
        "quantity": 3,
        "unitPrice": 12.5,
        "fee": 1,
        "currency": "EUR",
        "date": "2026-01-05T10:00:00.000Z",
        "comment": None,
        **changes,
    }


def export(*rows, **declared):
    return read(json.dumps({"meta": {}, "activities": list(rows)}), **declared)


def table(*rows, **declared):
    names = ["date", "symbol", "type", "quantity", "unitPrice", "fee", "currency"]
    lines = [",".join(names)]
    lines += [",".join(str(row[name]) for name in names) for row in rows]
    return read("\n".join(lines) + "\n", **declared)


ALL = (
    activity(),
    activity(type="SELL", quantity=1, unitPrice=13, date="2026-02-01T10:00:00Z"),
    activity(type="DIVIDEND", quantity=2, unitPrice=0.35, fee=0),
    activity(type="INTEREST", symbol="Cash", quantity=1, unitPrice=4, fee=0),
    activity(type="FEE", symbol="Depot", quantity=0, unitPrice=0, fee=6.5),
)


def test_buys_and_sells_are_fills_of_plain_symbols():
    parsed = export(*ALL)
    assert (parsed.file_format, parsed.quote) == ("activities", "EUR")
    assert [(f.symbol, f.side, f.quantity, f.price, f.fee) for f in parsed.fills] == [
        ("OAK", "buy", 3, Decimal("12.5"), 1),
        ("OAK", "sell", 1, 13, 1),
    ]


def test_the_rest_are_income_and_cost_and_make_no_instrument():
    moves = [(t.kind, t.asset, t.amount, t.symbol) for t in export(*ALL).transfers]
    assert moves == [
        ("dividend", "EUR", Decimal("0.7"), "OAK"),
        ("interest", "EUR", 4, ""),
        ("fee", "EUR", Decimal("-6.5"), ""),
    ]


def test_json_and_csv_of_the_same_activities_are_the_same_facts():
    first, second = export(*ALL), table(*ALL)
    for kind in ("fills", "transfers"):
        assert [row.external_id for row in getattr(first, kind)] == [
            row.external_id for row in getattr(second, kind)
        ]


@pytest.mark.parametrize(
    ("symbol", "currency", "base", "stored"),
    [
        ("OAK", "EUR", "EUR", "OAK"),
        ("OAK", "USD", "EUR", "OAK-USD"),
        ("OAK", "USD", "", "OAK"),  # the file's one currency is the book's
        ("SOL-USD", "USD", "EUR", "SOL-USD"),
    ],
)
def test_a_currency_that_is_not_the_books_is_named_in_the_symbol(
    symbol, currency, base, stored
):
    parsed = export(activity(symbol=symbol, currency=currency), base_currency=base)
    assert parsed.fills[0].symbol == stored


def test_a_fee_beside_a_dividend_goes_out_apart():
    parsed = export(activity(type="DIVIDEND", fee=0.5))
    assert [(t.kind, t.amount) for t in parsed.transfers] == [
        ("dividend", Decimal("37.5")),
        ("fee", Decimal("-0.5")),
    ]


@pytest.mark.parametrize("read_rows", [export, table])
def test_kinds_that_are_not_known_are_named_and_drafts_are_skipped(read_rows):
    parsed = read_rows(activity(), activity(type="LIABILITY"))
    (difference,) = parsed.differences
    assert difference.kind == "row_type"
    assert "'liability'" in difference.what
    assert len(parsed.fills) == 1
    draft = export(activity(), activity(isDraft=True))
    assert [str(row) for row in draft.skipped] == ["activity 2: a draft"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": 0}, "quantity: must be greater than 0"),
        ({"currency": "GBp"}, "GBp is a hundredth of a currency"),
        ({"date": "05-01-2026"}, "is no time"),
        ({"unitPrice": "x"}, "'x' is not a number"),
        ({"type": "DIVIDEND", "unitPrice": 0}, "amount: must not be 0"),
    ],
)
def test_a_broken_activity_is_named_by_place_or_line(changes, said):
    row = activity(**changes)
    for parsed, start in ((export(activity(), row), "activity 2: "), (table(row), "")):
        assert broken(parsed)[0].removeprefix("line 2: ").startswith(start)
        assert said in broken(parsed)[0]
    assert table(row).broken[0].line == 2


def test_an_activity_that_is_no_object():
    assert broken(export(activity(), 5)) == ["activity 2: is no object"]


@pytest.mark.parametrize("base", ["", "EUR", "USD"])
def test_a_class_of_shares_is_no_pair(base):
    rows = (
        activity(symbol="BRK-B", currency="USD"),
        activity(symbol="ada-eur", currency="EUR"),
    )
    parsed = export(*rows, base_currency=base)
    assert {fill.symbol for fill in parsed.fills} == {
        "BRK.B" if base == "USD" else "BRK.B-USD",
        "ADA-EUR",
    }
    assert parsed.notes == [
        "BRK.B stands there with a dash: a class of shares, no pair"
    ]


@pytest.mark.parametrize(
    ("symbol", "currency", "said"),
    [
        ("BTC-USD", "EUR", "BTC-USD names USD, its row's currency is EUR"),
        ("ACME-WARRANT", "EUR", "names WARRANT, its row's currency is EUR"),
        ("OAK", "", "currency: is missing"),
    ],
)
def test_a_symbol_in_another_currency_than_its_row(symbol, currency, said):
    parsed = export(activity(symbol=symbol, currency=currency), base_currency="EUR")
    assert parsed.fills == []
    assert said in broken(parsed)[0]


@pytest.mark.parametrize("read_rows", [export, table])
def test_a_dividend_of_nothing_is_left_out_and_named(read_rows):
    nothing = activity(type="DIVIDEND", quantity=0, unitPrice=0, fee=0.5)
    parsed = read_rows(activity(), nothing)
    (left_out,) = parsed.skipped
    assert left_out.reason.endswith("dividend of 0: nothing came in")
    assert [(move.kind, move.amount) for move in parsed.transfers] == [
        ("fee", Decimal("-0.5"))
    ]
    assert parsed.broken == []


def test_a_dividend_of_no_units_at_a_price_is_broken_and_guessed_at_by_nobody():
    parsed = table(activity(type="DIVIDEND", quantity=0, unitPrice=4.2, fee=0))
    assert broken(parsed) == [
        "line 2: quantity: is 0 beside a unit price of 4.2: income is quantity x unit "
        "price"
    ]
    assert parsed.transfers == []
