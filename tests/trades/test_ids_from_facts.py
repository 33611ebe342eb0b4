"""Rows that were known by how a file wrote them are known by what they say after the
migration: their file, in any dialect, adds nothing."""

from __future__ import annotations

import importlib
import json

import pytest
from django.apps import apps

from trades.models import Fill, Transfer
from trades.services.importing import import_for
from trades.services.previewing import Source

pytestmark = pytest.mark.django_db
migration = importlib.import_module("trades.migrations.0007_ids_from_parsed_facts")

OWN = """symbol,side,quantity,price,fee,fee_currency,executed_at
TIN-USD,buy,2,10,0.1,USD,2026-01-01T00:00:00Z
TIN-USD,buy,2,10,0.1,USD,2026-01-01T00:00:00Z
TIN-USD,sell,1,12,0.002,TIN,2026-01-02T00:00:00Z
SHARE,buy,1,5,0,,2026-01-03T00:00:00Z
"""
AGAIN = """price;note;executed_at;side;symbol;quantity;fee;fee_currency
5.00;x;2026-01-03 00:00:00 UTC;BUY;share;1.0;;
10.0;x;2026-01-01T01:00:00+01:00;BUY;TIN/USD;2;0.10;
10.0;x;2026-01-01T01:00:00+01:00;BUY;TIN/USD;2;0.10;
12.0;x;2026-01-02;SELL;TIN/USD;1;2e-3;TIN
"""
RUN = json.dumps(
    {
        "strategy": {
            "Mine": {
                "starting_balance": 500,
                "stake_currency": "USD",
                "trades": [
                    {
                        "pair": "TIN/USD",
                        "amount": 3,
                        "open_date": "2026-01-01 00:00:00+00:00",
                        "close_date": "2026-01-02 00:00:00+00:00",
                        "open_rate": 10,
                        "close_rate": 11,
                        "fee_open": 0.001,
                        "fee_close": 0.001,
                    }
                ],
            }
        }
    }
)


def load(content: str, by, **more):
    return import_for(
        Source(content=content.encode(), file_name="f", book="ada-main", **more), by
    )


def as_before(model, name) -> None:
    """Give the rows the ids that they had when a file's text was hashed."""
    for index, row in enumerate(model.objects.order_by("id")):
        row.external_id = name(f"{index:032x}", row)
        row.save(update_fields=["external_id"])


def rename() -> None:
    migration.rename(apps, None)


def test_rows_of_our_own_csv_are_known_in_another_dialect(ada, book):
    load(OWN, ada)
    as_before(Fill, lambda digest, row: f"csv:{digest}:1")
    rename()
    load(AGAIN, ada, zone="UTC")
    assert Fill.objects.count() == 4


def test_the_facts_of_a_backtest_are_known(ada, book):
    load(RUN, ada)
    ends = {"buy": "open", "sell": "close"}
    as_before(Fill, lambda digest, row: f"freqtrade:{digest}:1:{ends[row.side]}")
    as_before(Transfer, lambda digest, row: f"freqtrade-start:{digest}:1")
    rename()
    load(RUN, ada)
    assert (Fill.objects.count(), Transfer.objects.count()) == (2, 1)


def test_ids_that_an_exchange_gave_stay(ada, book):
    head, first, *_, last = OWN.splitlines()
    load(f"external_id,{head}\nk1,{first}\ncsv:7:1,{last}\n", ada)
    rename()
    assert set(Fill.objects.values_list("external_id", flat=True)) == {"k1", "csv:7:1"}
