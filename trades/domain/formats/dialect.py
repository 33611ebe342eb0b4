"""What all formats of files share: text and cells out of bytes, identity of rows."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from trades.domain.formats.parsed import NotAFile

LARGEST = 32 * 1024 * 1024


def decoded(content: bytes) -> str:
    """The text of a file. Raises NotAFile for what is none, naming the line."""
    if len(content) > LARGEST:
        raise NotAFile(
            f"the file has {len(content):,} bytes; at most {LARGEST:,} are read"
        )
    if not content.strip():
        raise NotAFile("the file is empty")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise NotAFile(
            f"line {line}: this is no text file (byte {content[error.start]:#04x} "
            "is not UTF-8)"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise NotAFile(f"line {line}: this is no text file (it holds a zero byte)")
    return text


def row_id(prefix: str, content: Sequence[str], seen: Counter[str]) -> str:
    """Identity of a row without an id: its content and its ordinal among identical
    rows of the file, so that two real equal fills stay two and a second import of
    the file adds none."""
    digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"{prefix}:{digest}:{seen[digest]}"


def csv_rows(text: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header's names and (physical line, cells) of each row that is not blank."""
    reader = csv.reader(io.StringIO(text), strict=True)

    def rows() -> Iterator[tuple[int, list[str]]]:
        line = reader.line_num + 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise NotAFile(f"line {reader.line_num}: {error}") from None

    try:
        header = [name.strip().lower() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise NotAFile(f"line 1: no header ({error})") from None
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise NotAFile(f"line 1: the column {twice[0]!r} stands there twice")
    return header, rows()
