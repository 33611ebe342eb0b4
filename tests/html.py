"""HTML as tests compare it: how a template is indented means nothing."""

from __future__ import annotations

import re
from typing import Any


def flat(html: str) -> str:
    """On one line: a line break beside a tag is nothing, any other is a space."""
    joined = re.sub(r"(?<=>)\s*\n\s*|\s*\n\s*(?=[<>])", "", html)
    return re.sub(r"\s+", " ", joined)


def text_of(html: str) -> str:
    """What people read: without tags, one space between words."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def words_of(answer: Any) -> str:
    """What people read of a page that a test client got."""
    return text_of(answer.content.decode())
