"""From received bytes to text that is safe to parse.

Everything that could make parsing slow is refused here, on bytes and lines, with
the line and the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kernel.errors import FieldError, Invalid, ProductError, TooLarge
from readiness.domain.parsing.repair import Repair, Repairing, mend

MAX_BYTES = 1_000_000
MAX_LINES = 20_000
MAX_ITEMS = 5_000
MAX_DEPTH = 32

# Lines end as the Markdown parser ends them; str.splitlines would also split at
# form feeds and U+2028 and shift every line number after them.
LINE_END = re.compile(r"\r\n?|\n")
MARKER = re.compile(r"[ \t]*(?:>|[-+*](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$))")
BOX = re.compile(r"[ \t]*(?:[-+*]|\d{1,9}[.)])[ \t]+\[([ xX~])\][ \t\v\f]")
RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
FRONT_KEY = re.compile(r"[A-Za-z_][\w .-]*:(?:\s|$)")
FRONT_LINE = re.compile(r"(?:[A-Za-z_][\w .-]*:(?:\s|$)|[ \t]|#|-\s|$)")


class Unreadable(StrEnum):
    """Why a document is not imported."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    ENCODING = "encoding"
    BINARY = "binary"
    TOO_MANY_LINES = "too_many_lines"
    TOO_MANY_ITEMS = "too_many_items"
    TOO_DEEP = "too_deep"
    NO_ITEMS = "no_items"


@dataclass(frozen=True)
class DocumentSource:
    """A received document.

    `clean` is the text to keep and export, `text` the same with byte order mark
    and front matter blanked so that line numbers hold, `lines` its lines.
    `repairs` were made, `offered` would be on demand.
    """

    clean: str
    text: str
    lines: list[str]
    repairs: list[Repair]
    offered: list[Repair]

    @property
    def bytes(self) -> bytes:
        """What is stored and exported: the received bytes after repair."""
        return self.clean.encode()


def refusal(
    line: int, code: Unreadable, reason: str, *, too_large: bool = False
) -> Exception:
    """The error for a document that cannot be read: where and why."""
    kind: type[ProductError] = TooLarge if too_large else Invalid
    where = FieldError(f"line {line}", code, reason)
    return kind(f"Line {line}: {reason}", code=code, errors=[where])


def receive(data: bytes, repair: Repairing = Repairing.SURE) -> DocumentSource:
    """Decode, repair and measure a document; raises Invalid or TooLarge."""
    if not data:
        raise refusal(1, Unreadable.EMPTY, "the file is empty.")
    if len(data) > MAX_BYTES:
        line = data.count(b"\n", 0, MAX_BYTES) + 1
        reason = f"the file has more than {MAX_BYTES:,} bytes; no more are read."
        raise refusal(line, Unreadable.TOO_LARGE, reason, too_large=True)
    mended = mend(_decoded(data), repair)
    text = _blanked(mended.text)
    lines = LINE_END.split(text)
    _within_limits(lines)
    return DocumentSource(mended.text, text, lines, mended.repairs, mended.offered)


def kept(data: bytes) -> tuple[str, str]:
    """`clean` and `text` of a document that was received before: not repaired again."""
    clean = _decoded(data)
    return clean, _blanked(clean)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refusal(1, Unreadable.ENCODING, "the file is UTF-16; save it as UTF-8.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"byte 0x{data[error.start]:02x} is not UTF-8 text."
        raise refusal(line, Unreadable.ENCODING, reason) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refusal(
            line, Unreadable.BINARY, "byte 0x00: this is a binary file, not text."
        )
    if not text.strip("\ufeff \t\r\n"):
        raise refusal(1, Unreadable.EMPTY, "the file holds nothing but white space.")
    return text


def _blanked(text: str) -> str:
    """Without byte order mark and YAML front matter, every line in its place.

    Left standing, a byte order mark would hide the first heading.
    """
    text = text.removeprefix("\ufeff")
    end = _front_matter_end(LINE_END.split(text, maxsplit=MAX_LINES))
    if not end:
        return text
    ends = [match.end() for match in LINE_END.finditer(text)][:end]
    cut = ends[-1] if len(ends) == end else len(text)
    breaks = "".join(LINE_END.findall(text[:cut]))
    return breaks + text[cut:]


def _front_matter_end(lines: list[str]) -> int:
    """How many lines the front matter takes; 0 when there is none.

    A document may also begin with a rule (`---`), so the first line inside must
    look like a key and every other like YAML, and none may be an item.
    """
    if lines[0].rstrip() != "---" or len(lines) < 3 or not FRONT_KEY.match(lines[1]):
        return 0
    for index, line in enumerate(lines[1:], start=1):
        if line.rstrip() in {"---", "..."}:
            return index + 1
        if not FRONT_LINE.match(line) or BOX.match(line):
            return 0
    return 0


def _within_limits(lines: list[str]) -> None:
    if len(lines) > MAX_LINES + 1 or (len(lines) == MAX_LINES + 1 and lines[-1]):
        reason = f"more than {MAX_LINES:,} lines."
        raise refusal(MAX_LINES + 1, Unreadable.TOO_MANY_LINES, reason, too_large=True)
    boxes = 0
    levels: list[int] = []
    for number, line in enumerate(lines, start=1):
        boxes += BOX.match(line) is not None
        if boxes > MAX_ITEMS:
            reason = f"more than {MAX_ITEMS:,} items."
            raise refusal(number, Unreadable.TOO_MANY_ITEMS, reason, too_large=True)
        if _nested(line, levels) > MAX_DEPTH:
            raise refusal(
                number, Unreadable.TOO_DEEP, f"nested deeper than {MAX_DEPTH}."
            )


def _nested(line: str, levels: list[int]) -> int:
    """How deep the line could nest at most. `levels` holds the columns at which
    the texts of the open lists begin at the earliest, and is kept up to date.

    Parsing takes time that grows with the square of the nesting, so this upper
    bound is found without parsing.
    """
    at = 0
    while match := MARKER.match(line, at):
        if RULE.match(line, at):
            break
        marker = match.group().lstrip(" \t")
        end = len(line[: match.end()].expandtabs(4))
        if at == 0:
            while levels and levels[-1] > end - len(marker):
                levels.pop()
        levels.append(end + (marker != ">"))
        at = match.end()
        if len(levels) > MAX_DEPTH:
            break
    return len(levels) if at else 0
