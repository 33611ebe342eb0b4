"""Files of trades: what they say, exactly, and what is wrong with which line.

Reading never stops at the first fault: every broken row is named with its physical
line and reason, so that a person can mend the file once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from trades.domain.facts import symbol_parts
from trades.domain.formats import (
    activities,
    binance,
    ccxt,
    coinbase,
    freqtrade,
    kraken,
    own,
)
from trades.domain.formats.dialect import Table
from trades.domain.formats.documents import (
    ZIP,
    document,
    is_result,
    looks_like_json,
    result_in_zip,
)
from trades.domain.formats.parsed import (
    Declared,
    NotAFile,
    ParsedFile,
    UnmappedColumns,
)

# What people read beside each name.
FORMATS = {
    "own": "our own CSV",
    "coinbase": "a Coinbase statement",
    "freqtrade": "a freqtrade result or the bot's trades",
    "binance": "a Binance transaction history",
    "kraken": "Kraken's trades.csv",
    "ccxt": "trades of ccxt",
    "activities": "activities of a portfolio tracker",
}
TABLES: dict[str, Callable[[Table, Declared, datetime], ParsedFile]] = {
    "own": own.read,
    "coinbase": coinbase.read,
    "binance": binance.read,
    "kraken": kraken.read,
    "activities": activities.read_table,
}
# The columns by which a table is known, the most telling first.
TELLING = {
    "coinbase": coinbase.COLUMNS,
    "binance": binance.COLUMNS,
    "kraken": kraken.COLUMNS,
    "activities": activities.COLUMNS,
}
NOTHING_DECLARED = Declared()


def read_file(
    content: bytes, declared: Declared = NOTHING_DECLARED, *, now: datetime
) -> ParsedFile:
    """Read a file of any known format (found out unless declared).

    Raises NotAFile for what is no such file (UnmappedColumns for a table whose columns
    have other names); broken rows are in the result.
    """
    if declared.file_format and declared.file_format not in FORMATS:
        known = ", ".join(FORMATS)
        raise NotAFile(f"{declared.file_format!r} is no known format: {known}")
    if content.startswith(ZIP):
        parsed = _read_document(result_in_zip(content), declared, now)
    elif looks_like_json(content):
        parsed = _read_document(document(content), declared, now)
    else:
        parsed = _read_table(Table(content, declared), declared, now)
    parsed.quote = parsed.quote or _common_quote(parsed, declared.base_currency)
    return parsed


def _read_document(value: Any, declared: Declared, now: datetime) -> ParsedFile:
    if is_result(value):
        _expect("freqtrade", declared)
        return freqtrade.read_result(value, declared, now)
    if freqtrade.are_live_trades(value):
        _expect("freqtrade", declared)
        return freqtrade.read_live(value, declared, now)
    if ccxt.are_trades(value):
        _expect("ccxt", declared)
        return ccxt.read(value, declared, now)
    if activities.are_activities(value):
        _expect("activities", declared)
        return activities.read_document(value, declared, now)
    raise NotAFile(
        "this JSON is no freqtrade export (strategy.<name>.trades, or the bot's "
        "trades), no list of ccxt's trades and no activities"
    )


def _expect(found: str, declared: Declared) -> None:
    if declared.file_format not in ("", found):
        raise NotAFile(f"this is {FORMATS[found]}, not {FORMATS[declared.file_format]}")


def _read_table(table: Table, declared: Declared, now: datetime) -> ParsedFile:
    name = declared.file_format or _format_of(table, declared)
    if name not in TABLES:
        raise NotAFile(f"this is a table, not {FORMATS[name]}")
    missing = [column for column in TELLING.get(name, ()) if column not in table.header]
    if missing:
        raise NotAFile(
            f"line {table.header_line}: this is not {FORMATS[name]}: it lacks the "
            f"column {sorted(missing)[0]!r}"
        )
    return TABLES[name](table, declared, now)


def _format_of(table: Table, declared: Declared) -> str:
    """The table's format by its columns. A mapping is one of our own names."""
    header = set(table.header)
    if not declared.mapping:
        for name, columns in TELLING.items():
            if set(columns) <= header:
                return name
    if declared.mapping or {"symbol", "side"} & header:
        return "own"
    if len(table.header) > 1:
        raise UnmappedColumns(
            f"line {table.header_line}: these columns are no format that is known; "
            f"say which of them is which of ours ({', '.join(own.NEEDED)})",
            table.dialect([""] * len(table.header)).columns,
            own.NEEDED,
        )
    raise NotAFile(
        f"line {table.header_line}: neither our CSV (needs {', '.join(own.NEEDED)}) "
        f"nor {', '.join(list(FORMATS.values())[1:])}"
    )


def _common_quote(parsed: ParsedFile, base_currency: str) -> str:
    quotes = {symbol_parts(fill.symbol, base_currency)[2] for fill in parsed.fills}
    quotes.discard("")
    return quotes.pop() if len(quotes) == 1 else ""
