"""JSON documents in files, alone or in a .zip result."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trades.domain.formats.dialect import LARGEST, checked_text
from trades.domain.formats.parsed import NotAFile

ZIP = b"PK\x03\x04"


def looks_like_json(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def document(content: bytes) -> Any:
    """The JSON of a file, decimals exact. Raises NotAFile."""
    text = checked_text(content)
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        if "Extra data: line" in str(error) and text.lstrip()[:1] == "{":
            raise NotAFile(
                "this is JSON Lines, an object a line: only whole documents are read; "
                "what this product exports is read again as CSV"
            ) from None
        raise NotAFile(f"this is no JSON: {error}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def result_in_zip(content: bytes) -> Any:
    """The result in a freqtrade .zip, which holds the configuration and the strategy's
    source beside it. Raises NotAFile that says what else it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            for member in archive.infolist():
                if member.filename.endswith(".json"):
                    result = document(_unpacked(archive, member))
                    if is_result(result):
                        return result
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise NotAFile(f"this .zip cannot be read: {error}") from None
    if any(name.startswith("xl/") for name in names) or "content.xml" in names:
        raise NotAFile("this is a workbook of a spreadsheet: save its sheet as CSV")
    tables = [name for name in names if name.lower().endswith((".csv", ".tsv", ".txt"))]
    if tables:
        raise NotAFile(
            f"this .zip holds {tables[0][:40]}: unpack it first, for of a .zip only a "
            "freqtrade result is read"
        )
    raise NotAFile("this .zip holds no freqtrade result (strategy.<name>.trades)")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes; never more than a file may have, whatever its header says."""
    with archive.open(member) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NotAFile(
            f"{member.filename[:40]} in this .zip is larger than {LARGEST:,} bytes"
        )
    return content


def objects(value: Any, noun: str) -> list[Mapping[str, Any]]:
    """A list of objects inside a document. Raises ValueError."""
    if not isinstance(value, list) or not all(
        isinstance(member, Mapping) for member in value
    ):
        raise ValueError(f"{noun} is no list of objects")
    return value


def is_result(value: Any) -> bool:
    """Whether a document is a freqtrade backtest result."""
    runs = value.get("strategy") if isinstance(value, Mapping) else None
    return isinstance(runs, Mapping) and all(
        isinstance(run, Mapping) and isinstance(run.get("trades"), list)
        for run in runs.values()
    )
