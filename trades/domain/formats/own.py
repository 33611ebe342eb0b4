"""Our own CSV: a header of the names of POST /api/trades, or of names that are read as
those by a mapping."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from kernel.numbers import NotExact
from trades.domain.facts import NewFill
from trades.domain.formats.dialect import Table
from trades.domain.formats.file_order import arrange
from trades.domain.formats.identity import drop_repeats, name_rows
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    SkippedRow,
    UnmappedColumns,
    broken_row,
)
from trades.domain.formats.times import FileTimes
from trades.domain.reading import FILL_FIELDS, NotAFact, read_fill

NEEDED = ("symbol", "side", "quantity", "price", "executed_at")
NUMBERS = ("quantity", "price", "fee")
# A download of this product's list of trades: what it calls a time, and the texts that
# it defends from spreadsheets by an apostrophe (kernel.sheets).
EXPORTED = frozenset({"external_id", "event_type", "timestamp", "status"})
EXPORTED_AS = {"timestamp": "executed_at", "status": "status"}
TEXTS = ("external_id", "order_id", "strategy", "note")
DEFENDED = re.compile(r"'+[=+\-@]")
OUT = ("voided",)
GROUPED = re.compile(r"[+-]?[0-9]{1,3}([.,'’ \u00a0\u202f][0-9]{3})+[.,][0-9]+")
SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?[Ee]\+[0-9]+")


def read(table: Table, declared: Declared, now: datetime) -> ParsedFile:
    """What the table says, broken rows named by line. Raises NotAFile, UnmappedColumns
    where a needed name is read from no column."""
    names = _names(table, declared.mapping)
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise UnmappedColumns(
            f"line {table.header_line}: no column is read as {missing[0]!r}; our names "
            f"are {', '.join(FILL_FIELDS)}",
            table.dialect(names).columns,
            missing,
        )
    parsed = ParsedFile("own", dialect=table.dialect(names))
    times, exported = FileTimes(declared.zone), _is_export(table)
    for line, row in table.rows(names, parsed.broken):
        status = row.pop("status", "")
        if status in OUT:
            parsed.skipped.append(SkippedRow(line, f"{status}: it counts no more"))
            continue
        if exported:
            _undefend(row)
        try:
            parsed.fills.append(
                _fill(
                    table, row, line=line, place=len(parsed.fills), times=times, now=now
                )
            )
        except NotAFact as error:
            parsed.broken.append(_broken(line, row, error))
        except NotExact as error:
            parsed.broken.append(BrokenRow(line, str(error)))
    if not parsed.fills and not parsed.broken and not parsed.skipped:
        raise NotAFile("the file has a header and no rows")
    arrange(parsed, times)
    drop_repeats(parsed)
    name_rows("csv", parsed, declared.base_currency)
    return parsed


def _names(table: Table, mapping: Mapping[str, str]) -> list[str]:
    """Our name for each column, "" for one that is ignored: what the mapping says,
    else its own name where the mapping gives that to no other column."""
    mapped = {theirs.strip().lower(): ours for theirs, ours in mapping.items() if ours}
    unknown = [ours for ours in mapped.values() if ours not in FILL_FIELDS]
    absent = [theirs for theirs in mapped if theirs not in table.header]
    twice = [ours for ours, n in Counter(mapped.values()).items() if n > 1]
    if unknown:
        raise NotAFile(f"{unknown[0]!r} is none of our names: {', '.join(FILL_FIELDS)}")
    if absent:
        raise NotAFile(f"the file has no column {absent[0]!r} to map")
    if twice:
        raise NotAFile(f"two columns are mapped to {twice[0]!r}")
    taken = set(mapped.values())
    own = {name: name for name in FILL_FIELDS}
    if _is_export(table):
        own |= EXPORTED_AS
    itself = {theirs: name for theirs, name in own.items() if name not in taken}
    return table.names_of(itself | mapped)


def _is_export(table: Table) -> bool:
    return set(table.header) >= EXPORTED


def _undefend(row: dict[str, str]) -> None:
    """Give a downloaded text back as it was booked: ids are compared by it."""
    for name in TEXTS:
        if DEFENDED.match(row.get(name, "")):
            row[name] = row[name][1:]


def _fill(
    table: Table,
    row: dict[str, str],
    *,
    line: int,
    place: int,
    times: FileTimes,
    now: datetime,
) -> NewFill:
    if SHORTENED.fullmatch(row.get("external_id", "")):
        raise NotExact(
            f"external_id: {row['external_id'][:40]!r} was shortened by a spreadsheet "
            "and may stand for several: save the column as text"
        )
    values: dict[str, Any] = {**table.with_points(row, NUMBERS)}
    with suppress(ValueError, OverflowError):  # read_fill says what is wrong
        values["executed_at"] = times.read(row.get("executed_at", ""), line)
    return read_fill(
        values, now=now, zone=times.zone, line=line, place=place, needs_id=False
    )


def _broken(line: int, row: Mapping[str, str], error: NotAFact) -> BrokenRow:
    """The row with all of its faults; what stands between the digits of a number is
    pointed out."""
    names = {fault.pointer.strip("/") for fault in error.errors} & {*NUMBERS}
    cells = [row.get(name, "") for name in names]
    broken = broken_row(line, error)
    hint = ""
    if any(GROUPED.fullmatch(cell) for cell in cells):
        hint = "; numbers are read without thousands separators"
    elif any("," in cell for cell in cells):
        hint = "; is it a decimal comma? Then declare it"
    return replace(broken, reason=broken.reason + hint)
