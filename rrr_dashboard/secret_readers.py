"""Texts that must be secret: keys and tokens of ours. What is refused is never told."""

from __future__ import annotations

import base64
import binascii
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import pyrage
from pyrage.x25519 import Identity

from rrr_dashboard.readers import Unfit

MAKE_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(96))'"  # noqa: S105
MAKE_KEY = (
    "python3 -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'"
)
MAKE_BACKUP_KEY = (
    ".venv/bin/python -c "
    "'from pyrage.x25519 import Identity; print(Identity.generate())'"
)
# Whoever left these in meant to replace them. Six letters at least, which a random
# secret holds once in a million.
STAND_INS = re.compile(
    "insecure|unsafe|change.?(?:me|it|this)|replace|default|password|passphrase|secret|"
    "please|example|sample|placeholder|generate|goes.?here|your.?(?:own|key|token|jwt)",
    re.IGNORECASE,
)
# Letters that follow one another, and those of a keyboard.
ROWS = (
    *(string.ascii_lowercase, string.digits, "1234567890"),
    *("qwertyuiop", "asdfghjkl", "zxcvbnm"),
)
RUN = 4
RUNS = frozenset(
    row[start : start + RUN]
    for line in ROWS
    for row in (line, line[::-1])
    for start in range(len(row) - RUN + 1)
)
# Of 32 random bytes, and of their 31 steps, nearly all are different.
LEAST_DIFFERENT = 10


def secret(least: int) -> Callable[[str], str]:
    """At least so many bytes that look random."""

    def read(text: str) -> str:
        cure = f"set at least {least} random bytes ({MAKE_SECRET})"
        if len(text.encode()) < least or len(set(text)) < LEAST_DIFFERENT:
            raise Unfit(f"is missing or weak; {cure}")
        if _repeats(text):
            raise Unfit(f"repeats itself; {cure}")
        if stand_in := STAND_INS.search(text):
            raise Unfit(f"says {stand_in[0]!r}, so it is no secret; {cure}")
        if _counts(text):
            raise Unfit(f"is an alphabet or another row that everybody knows; {cure}")
        return text

    return read


def _repeats(text: str) -> bool:
    """A quarter of it stood there before; of random letters next to nothing does."""
    pieces = [text[start : start + 4] for start in range(len(text) - 3)]
    return len(set(pieces)) < 0.75 * len(pieces)


def _counts(text: str) -> bool:
    """Half of it goes up or down a row, letter by letter or every second letter."""
    small = text.lower()
    in_turn = small[::2] + small[1::2]
    return any(_in_rows(each) >= len(text) / 2 for each in (small, in_turn))


def _in_rows(text: str) -> int:
    """How many letters stand in a run."""
    starts = range(len(text) - RUN + 1)
    runs = (start for start in starts if text[start : start + RUN] in RUNS)
    return len({place for start in runs for place in range(start, start + RUN)})


def key(text: str) -> str:
    """32 random bytes in base64."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != 32:
        raise Unfit(f"is not 32 bytes in base64; make one with {MAKE_KEY}")
    steps = {(after - before) % 256 for before, after in pairwise(value)}
    if min(len(set(value)), len(steps)) < LEAST_DIFFERENT:
        raise Unfit(f"is no 32 random bytes; make them with {MAKE_KEY}")
    return text


def backup_key(text: str) -> str:
    """A secret key of age, as its programs write it."""
    try:
        return str(Identity.from_str(text))
    except pyrage.IdentityError:
        raise Unfit(
            f"is no AGE-SECRET-KEY-1…; make one with {MAKE_BACKUP_KEY}, "
            "or leave it empty where no backups are taken"
        ) from None


def alike(secrets: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Names of settings that hold one value. That of today may still stand among those
    of before, at whose end it is changed: NAME and NAME_PREVIOUS or NAME_FALLBACKS."""
    for (name, values), (other, others) in combinations(secrets.items(), 2):
        same = set(values) & set(others) - {""}
        if same and other not in {f"{name}_PREVIOUS", f"{name}_FALLBACKS"}:
            yield name, other
