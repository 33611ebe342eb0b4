"""What somebody typed into a form when their session had ended. Pure.

It travels through the log-in page as one hidden field, and comes out on the page
after it. Passwords, passphrases and tokens never do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

LARGEST = 200_000  # letters of all fields together
_SECRET = re.compile(r"(?i)pass(word|phrase)|secret|token|^(old|new|again)$")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """`action` is where the form goes to, `fields` in the order of the form; `left_out`
    says whether something could not be kept."""

    action: str
    fields: tuple[tuple[str, str], ...]
    left_out: bool = False

    @property
    def text(self) -> str:
        """For a hidden field."""
        return json.dumps([self.action, self.fields, self.left_out])


def keep(
    action: str,
    fields: Iterable[tuple[str, str]],
    *,
    secrets: Collection[str] = (),
    files: bool = False,
) -> Kept:
    """What may be kept of a form's fields; `secrets` are names beside the usual ones."""
    given = list(fields)
    open_ones = [
        (name, value)
        for name, value in given
        if name not in secrets and not _SECRET.search(name)
    ]
    if sum(len(name) + len(value) for name, value in open_ones) > LARGEST:
        return Kept(action=action, fields=(), left_out=True)
    tokens = sum(name == "csrfmiddlewaretoken" for name, _ in given)
    left_out = files or len(given) - tokens > len(open_ones)
    return Kept(action=action, fields=tuple(open_ones), left_out=left_out)


def read(text: str) -> Kept | None:
    """The other way round; None for what no log-in page of ours has written."""
    try:
        action, fields, left_out = json.loads(text)
        pairs = tuple((name, value) for name, value in fields)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = [action, *(part for pair in pairs for part in pair)]
    if not all(isinstance(part, str) for part in texts) or left_out not in (0, 1):
        return None
    return Kept(action=action, fields=pairs, left_out=bool(left_out))
