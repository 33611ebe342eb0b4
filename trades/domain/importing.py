"""Files of trades: what they say, exactly, and what is wrong with which line.

Reading never stops at the first fault: every broken row is named with its physical
line (the header is 1) and reason, so that a person can mend the file once.
"""

from __future__ import annotations

from datetime import datetime

from trades.domain.facts import symbol_parts
from trades.domain.formats import coinbase, freqtrade, own
from trades.domain.formats.dialect import decoded
from trades.domain.formats.parsed import Declared, NotAFile, ParsedFile

FORMATS = ("own", "coinbase", "freqtrade")
NOTHING_DECLARED = Declared()


def read_file(
    content: bytes, declared: Declared = NOTHING_DECLARED, *, now: datetime
) -> ParsedFile:
    """Read a file of any known format (found out unless declared).

    Raises NotAFile for what is no such file; broken rows are in the result.
    """
    text = decoded(content)
    zone, base_currency = declared.zone, declared.base_currency
    match declared.file_format or _format_of(text):
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


def _common_quote(parsed: ParsedFile, base_currency: str) -> str:
    quotes = {symbol_parts(fill.symbol, base_currency)[2] for fill in parsed.fills}
    quotes.discard("")
    return quotes.pop() if len(quotes) == 1 else ""
