"""Markdown that people typed or imported, as safe HTML and as plain text.

Nothing is rendered as raw HTML: the renderer escapes it and nh3 removes whatever
would still act (`javascript:` links, attributes, scripts).
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

INLINE = {"code", "em", "strong", "a", "br", "del"}
BLOCK = INLINE | {"p", "ul", "ol", "li", "pre", "blockquote", "h3", "h4", "hr"}
# Emphasis in a megabyte of asterisks takes seconds to sort out; no text that a
# person means to be read is that long, so beyond this it is shown as written.
LONGEST = 20_000


@cache
def _parser() -> MarkdownIt:
    """Loaded when there is something to read: most processes never show a text."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "maxNesting": 200})


def _clean(html: str, tags: set[str]) -> SafeString:
    safe = nh3.clean(
        html,
        tags=tags,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(safe)  # noqa: S308 - nh3 has just cleaned it # nosec B308 B703


@lru_cache(maxsize=4096)
def inline(text: str) -> SafeString:
    """One line: emphasis, code and links."""
    if len(text) > LONGEST:
        return escape(text)
    return _clean(_parser().renderInline(text), INLINE)


@lru_cache(maxsize=1024)
def block(text: str) -> SafeString:
    """Paragraphs, lists and code."""
    if len(text) > LONGEST:
        return escape(text)
    return _clean(_parser().render(text), BLOCK)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The words alone, for labels and titles."""
    if len(text) > LONGEST:
        return " ".join(text.split())
    pieces = [
        child.content
        for token in _parser().parseInline(text)
        for child in token.children or ()
        if child.type in {"text", "code_inline", "softbreak"}
    ]
    return " ".join("".join(pieces).split())
