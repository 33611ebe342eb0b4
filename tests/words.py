"""Words for people: what a program called something is not among them.

Names that must be typed as they are (settings, columns, paths, parameters) stand in
`<code>` on pages and in capitals or quotes elsewhere.
"""

from __future__ import annotations

import re

# A name of a program that stands alone: no part of a path, an address or a mail.
SNAKE = re.compile(
    r"(?<![\w./@#=&?:\"'-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w/=(\"'@]|\.\w)"
)
REPR = re.compile(
    r"\bNone\b(?! of| in| yet|\.)|(?<!=)\b(?:True|False)\b|<\w[\w.]* (?:object|at 0x)"
    r"|\bDecimal\(|\bdatetime\.|\bUUID\(|[{\[]'|\bNaN\b|\bundefined\b|\[object "
)
NOUNS = (
    "alert|backup|balance|book|check|day|difference|document|event|fill|hour|item|job|line|lot"
    "|match|message|migration|minute|package|month|notice|person|position|price|probe|question|record"
    "|review|row|run|second|signature|split|step|table|token|trade|transfer|trip|try|value|week"
)
# "1 lines", "1 new prices", "0 line", "12 day": not "1 day", nor the "5 minute" of a compound's hyphen.
NUMBER = re.compile(
    r"(?<!line )(?<!row )(?<!page )(?<!step )(?<!version )"
    rf"(?<![\d.,:/#–-])1 (?:(?:new|more|marker|filed) )?(?:(?:{NOUNS})(?:e?s)|people|matches|tries)\b(?!')"
    rf"|(?<![\w.,:/#–-])(?:0|[2-9]|[1-9]\d+|\d{{1,3}}(?:,\d{{3}})+) (?:{NOUNS})\b(?!-)"
)


def for_machines(text: str) -> list[str]:
    """What of `text` is no word for people, with what stands around it."""
    return [
        f"{kind}: {text[max(0, found.start() - 30) : found.end() + 30]!r}"
        for kind, pattern in (("name", SNAKE), ("repr", REPR), ("number", NUMBER))
        for found in pattern.finditer(text)
    ]
