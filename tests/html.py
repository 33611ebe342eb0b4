"""HTML as tests compare it: how a template is indented means nothing."""

from __future__ import annotations

import re


def flat(html: str) -> str:
    """On one line: a line break beside a tag is nothing, any other is a space."""
    joined = re.sub(r"(?<=>)\s*\n\s*|\s*\n\s*(?=[<>])", "", html)
    return re.sub(r"\s+", " ", joined)


def text_of(html: str) -> str:
    """What people read: without tags, one space between words."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())
