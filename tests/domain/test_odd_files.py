"""Files that are broken in any place: an answer or a reason, never an accident."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.domain.test_activities_format import ALL
from tests.domain.test_binance_format import BUY
from tests.domain.test_binance_format import HEAD as BINANCE
from tests.domain.test_ccxt_format import trade as ccxt_trade
from tests.domain.test_coinbase_format import BUY as STATEMENT
from tests.domain.test_coinbase_format import HEAD as COINBASE
from tests.domain.test_freqtrade_format import ladder, live_trade
from tests.domain.test_kraken_format import HEAD as KRAKEN
from tests.domain.test_kraken_format import ROW as KRAKEN_ROW
from tests.reach import holds_for
from trades.domain.formats.parsed import NotAFile
from trades.domain.importing import read_file

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RESULT = {
    "strategy": {
        "Mine": {
            "trades": [ladder(funding_fees=1), ladder(orders=None)],
            "starting_balance": 1000,
            "stake_currency": "USDT",
            "profit_total_abs": 40,
            "backtest_start": "2025-12-30 00:00:00",
        }
    }
}
DOCUMENTS = {
    "result": RESULT,
    "live": {"trades": [live_trade(fee_close_cost=1, fee_close_currency="BNB")]},
    "ccxt": [ccxt_trade(), ccxt_trade(id="n2", fees=[{"cost": 1, "currency": "X"}])],
    "activities": {"activities": list(ALL)},
}
OWN = "external_id,symbol,side,quantity,price,fee,fee_currency,executed_at,note"
TABLES = {
    "own": [OWN, "a,TIN-USD,buy,1,2,0.1,USD,2026-01-01T00:00:00Z,x"],
    "coinbase": [COINBASE, *STATEMENT],
    "binance": [BINANCE, *BUY],
    "kraken": [KRAKEN, KRAKEN_ROW],
    "activities": [
        "date,symbol,type,quantity,unitPrice,fee,currency",
        "2026-01-01,OAK,DIVIDEND,1,2,1,EUR",
    ],
}
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        ["", "-", "NaN", "1e400", "1e39", "-1", "0", "\x00", "٣", "1_0", "x" * 3000]
    ),
    st.sampled_from([0, -1, 10**30, 1e308, -0.5, 10**400]),
    st.sampled_from([[], {}, [1], {"a": 1}, ["x"], [[]], [{}]]),
    st.text(max_size=5),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a document."""
    if path:
        yield path
    inner: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, member in inner:
        yield from places(member, (*path, key))


@st.composite
def broken_documents(draw: st.DrawFn, name: str) -> bytes:
    document = copy.deepcopy(DOCUMENTS[name])
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(places(document)) or [()]))
        if not path:
            break
        parent: Any = document
        for key in path[:-1]:
            parent = parent[key]
        if isinstance(parent, dict) and draw(st.booleans()):
            del parent[path[-1]]
        else:
            parent[path[-1]] = copy.deepcopy(draw(ODD))
    return json.dumps(document).encode()


@st.composite
def broken_tables(draw: st.DrawFn, name: str) -> bytes:
    rows = [line.split(",") for line in TABLES[name]]
    for _ in range(draw(st.integers(1, 3))):
        row = draw(st.sampled_from(rows[draw(st.sampled_from((0, 1, 1, 1))) :]))
        row[draw(st.integers(0, len(row) - 1))] = str(draw(ODD))
    return "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")


def is_answered(content: bytes) -> bool:
    """Whether the file was read, with or without broken rows; NotAFile is an answer
    as well, anything else is raised."""
    try:
        parsed = read_file(content, now=NOW)
    except NotAFile:
        return False
    for row in parsed.broken:
        assert row.reason
    ids = {(fill.symbol, fill.external_id) for fill in parsed.fills}
    assert len(ids) == len(parsed.fills)
    return True


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_broken_anywhere(name: str) -> None:
    holds_for(broken_documents(name), is_answered)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_broken_anywhere(name: str) -> None:
    holds_for(broken_tables(name), is_answered)


def test_any_bytes_at_all() -> None:
    start = st.sampled_from([b"", b"{", b"[", b"PK\x03\x04", b"\xff\xfe", b"sep=;\n"])

    def check(content: bytes) -> bool:
        return not is_answered(content)

    holds_for(st.builds(bytes.__add__, start, st.binary(max_size=60)), check)
