"""Tables out of bytes: encoding, separator, header and cells with physical lines."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice

from kernel.numbers import NotExact, exact
from trades.domain.formats.parsed import BrokenRow, Column, Declared, Dialect, NotAFile

LARGEST = 32 * 1024 * 1024
# Of which each is listed, with samples, where a file's columns are to be named.
MOST_COLUMNS = 1000
SEPARATORS = ",;\t"
SAMPLES = 3
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf8": "UTF-8",
    "utf-16": "UTF-16",
    "utf16": "UTF-16",
    "cp1252": "CP1252",
    "windows-1252": "CP1252",
}
# What is handed in for a file of text, by its first bytes.
NO_TEXT = {
    b"\x1f\x8b": "a compressed file (gzip): unpack it first",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save its sheet as CSV",
    b"%PDF-": "a PDF: numbers are read from tables of text, such as CSV",
}
MARKS = {
    b"\xef\xbb\xbf": ("UTF-8", "utf-8-sig"),
    b"\xff\xfe": ("UTF-16", "utf-16"),
    b"\xfe\xff": ("UTF-16", "utf-16"),
}


def encoding_of(content: bytes, declared: str = "") -> tuple[str, str]:
    """(its name for people, Python's): what a byte order mark says, else what is
    declared, else UTF-8. Raises NotAFile for an encoding that is not read."""
    for mark, names in MARKS.items():
        if content.startswith(mark):
            return names
    name = ENCODINGS.get(declared.strip().lower() or "utf-8")
    if name is None:
        known = ", ".join(dict.fromkeys(ENCODINGS.values()))
        raise NotAFile(f"the encoding {declared[:20]!r} is not read; known: {known}")
    return name, name.lower()


def checked_text(content: bytes, declared: str = "") -> str:
    """The text of a file. Raises NotAFile for what is none, naming the line."""
    if len(content) > LARGEST:
        raise NotAFile(
            f"the file has {len(content):,} bytes; at most {LARGEST:,} are read"
        )
    if not content.strip():
        raise NotAFile("the file is empty")
    for start, kind in NO_TEXT.items():
        if content.startswith(start):
            raise NotAFile(f"this is {kind}")
    name, codec = encoding_of(content, declared)
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        line = _lines(content[: error.start].decode(codec, "ignore"))
        wrong = f"byte {content[error.start]:#04x} is not {name}"
        raise NotAFile(
            f"line {line}: this is no text file, or its encoding must be declared "
            f"({wrong})"
        ) from None
    if "\0" in text:
        line = _lines(text[: text.index("\0")])
        raise NotAFile(f"line {line}: this is no text file (it holds a zero byte)")
    return text


def _lines(text: str) -> int:
    """The physical line that begins or goes on where the text ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def cell_number(row: Mapping[str, str], name: str) -> Decimal:
    """The exact number in the cell of that column. Raises NotExact that names it."""
    if name not in row:
        raise NotExact(f"{name}: is missing")
    try:
        return exact(row[name])
    except NotExact as error:
        raise NotExact(f"{name}: {error}") from None


class Table:
    """The rows of a CSV in whatever dialect: quoted or not, separated by comma,
    semicolon or tab (found in the header, or said by a `sep=` line), ended by LF,
    CRLF or CR. Cells are decoded as they are read, so that a large file stands in
    memory once.
    """

    def __init__(self, content: bytes, declared: Declared) -> None:
        checked_text(content, declared.encoding)
        self.content = content
        self.declared = declared
        self.encoding, self.codec = encoding_of(content, declared.encoding)
        self.skipped_lines, self.separator = self._separator()
        self.names, self.header_line = self._header()
        self.header = [name.lower() for name in self.names]

    def _text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(
            io.BytesIO(self.content), encoding=self.codec, newline=""
        )

    def _separator(self) -> tuple[int, str]:
        """(how many lines stand before the header, the separator)."""
        with self._text() as lines:
            first = next(lines, "").strip().strip('"')
            said = first.lower().removeprefix("sep=") if first else ""
            if first.lower().startswith("sep="):
                if said not in SEPARATORS or not said:
                    raise NotAFile(f"line 1: {first[:20]!r} names no known separator")
                return 1, said
        widths = {sign: len(self._first_row(sign)) for sign in SEPARATORS}
        return 0, max(SEPARATORS, key=lambda sign: widths[sign])

    def _first_row(self, separator: str) -> list[str]:
        with self._text() as lines:
            try:
                return next(csv.reader(lines, delimiter=separator, strict=True), [])
            except csv.Error:
                return []

    def _header(self) -> tuple[list[str], int]:
        for line, cells in self._cells():
            if len(cells) > MOST_COLUMNS:
                raise NotAFile(
                    f"line {line}: {len(cells):,} columns; at most {MOST_COLUMNS:,} "
                    "are read"
                )
            return [cell.strip() for cell in cells], line
        raise NotAFile("line 1: no header")

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """(physical line, cells) of each row that is not blank, the header first."""
        with self._text() as lines:
            for _ in range(self.skipped_lines):
                next(lines)
            reader = csv.reader(lines, delimiter=self.separator, strict=True)
            line = self.skipped_lines + 1
            try:
                for cells in reader:
                    if any(map(str.strip, cells)):
                        yield line, cells
                    line = reader.line_num + self.skipped_lines + 1
            except csv.Error as error:
                line = reader.line_num + self.skipped_lines
                raise NotAFile(f"line {line}: {error}") from None

    def rows(
        self, names: Sequence[str], broken: list[BrokenRow]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        """(physical line, {name: cell}) of each row; `names` are those of the columns
        in their order, "" is left out. Empty cells are not there; a row with too few
        cells, or more that say something, joins `broken`."""
        kept = [(index, name) for index, name in enumerate(names) if name]
        width = len(self.header)
        for line, cells in islice(self._cells(), 1, None):
            if len(cells) > width and not any(map(str.strip, cells[width:])):
                cells = cells[:width]  # ended by separators
            if len(cells) != width:
                reason = f"has {len(cells)} cells, the header {width}"
                broken.append(BrokenRow(line, reason))
                continue
            yield (
                line,
                {name: cell for i, name in kept if (cell := cells[i].strip())},
            )

    def dialect(self, names: Sequence[str]) -> Dialect:
        """How it is written, with its first cells, its columns read as `names`."""
        firsts = [cells for _, cells in islice(self._cells(), 1, 1 + SAMPLES)]
        return Dialect(
            encoding=self.encoding,
            separator=self.separator,
            decimal_comma=self.declared.decimal_comma,
            header_line=self.header_line,
            columns=[
                Column(
                    theirs,
                    ours,
                    tuple(row[i].strip()[:60] for row in firsts if i < len(row)),
                )
                for i, (theirs, ours) in enumerate(zip(self.names, names, strict=True))
                if theirs
            ],
        )

    def names_of(self, known: Mapping[str, str]) -> list[str]:
        """What each column is read as; `known` is {header in small letters: name}.
        Raises NotAFile where one that is read stands there twice."""
        names = [known.get(name, "") for name in self.header]
        for name, count in Counter(names).items():
            if name and count > 1:
                theirs = self.names[names.index(name)]
                raise NotAFile(
                    f"line {self.header_line}: the column {theirs!r} stands there twice"
                )
        return names

    def with_points(
        self, row: dict[str, str], numbers: Sequence[str]
    ) -> dict[str, str]:
        """The row with decimal points in its cells of numbers, where decimal commas
        were declared. Raises NotExact where a cell holds a point then."""
        if not self.declared.decimal_comma:
            return row
        for name in numbers:
            cell = row.get(name, "")
            if "." in cell:
                raise NotExact(
                    f"{name}: {cell[:40]!r} holds a point, decimal commas were "
                    "declared: numbers are read without thousands separators"
                )
            if "," in cell:
                row[name] = cell.replace(",", ".")
        return row
