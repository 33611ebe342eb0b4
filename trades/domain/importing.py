"""Files of trades: what they say, exactly, and what is wrong with which line.

Reading never stops at the first fault: every broken row is named with its physical
line (the header is 1) and reason, so that a person can mend the file once.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from trades.domain.facts import symbol_parts
from trades.domain.formats import coinbase, freqtrade, own
from trades.domain.formats.dialect import FileContent, NotAFile, decoded

FORMATS = ("own", "coinbase", "freqtrade")


def read_file(
    content: bytes,
    *,
    now: datetime,
    file_format: str = "",
    zone: ZoneInfo | None = None,
    base_currency: str = "",
) -> FileContent:
    """Read a file of any known format (found out unless given).

    `zone` is declared for times without an offset, `base_currency` the book's.
    Raises NotAFile for what is no such file; broken rows are in the result.
    """
    text = decoded(content)
    match file_format or _format_of(text):
        case "freqtrade":
            parsed = freqtrade.read(text, now)
        case "coinbase":
            parsed = coinbase.read(text, now, zone, base_currency)
        case "own":
            parsed = own.read(text, now, zone)
        case other:
            known = ", ".join(FORMATS)
            raise NotAFile(f"{other!r} is no known format: {known}")
    parsed.quote = parsed.quote or _common_quote(parsed, base_currency)
    return parsed


def _format_of(text: str) -> str:
    start = text.lstrip()
    if start.startswith(("{", "[")):
        return "freqtrade"
    header = {name.strip().lower() for name in start.partition("\n")[0].split(",")}
    if set(coinbase.COLUMNS) <= header:
        return "coinbase"
    if {"symbol", "side"} & header:
        return "own"
    raise NotAFile(
        "line 1: neither our CSV (needs "
        + ", ".join(own.NEEDED)
        + "), nor a Coinbase statement, nor a freqtrade export"
    )


def _common_quote(parsed: FileContent, base_currency: str) -> str:
    quotes = {symbol_parts(fill.symbol, base_currency)[2] for fill in parsed.fills}
    quotes.discard("")
    return quotes.pop() if len(quotes) == 1 else ""
