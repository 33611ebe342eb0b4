"""Pieces of a page, each drawn once for as long as it shows the same.

Most of what a long page costs is its template: a row that shows the same as before is
given again. It is the same where its `likeness` is, so that must hold everything that
it shows, and who may see it is decided before.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

MOST = 8192
INDENTATION = re.compile(r"[ \n]+")
# What differs from answer to answer stands in a kept piece as a word nobody can write.
TOKEN, NONCE = secrets.token_hex(16), secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What a template is to show. Equal numbers may be written differently (1.0, 1.00):
    a likeness holds texts."""

    template: str
    likeness: Hashable
    values: Mapping[str, Any] = field(compare=False)


def blank_html(template: str, values: Mapping[str, Any]) -> str:
    """A template with no answer's token and nonce in it; for `own_answer` to complete."""
    blank = HttpRequest()
    blank.csp_nonce = NONCE  # type: ignore[attr-defined]
    own = {"csrf_token": TOKEN, "nonce": NONCE, "request": blank}
    return render_to_string(template, {**values, **own})


@lru_cache(maxsize=MOST)
def _drawn(piece: Piece, _zone: str) -> str:
    html = blank_html(piece.template, piece.values)
    return INDENTATION.sub(" ", html).strip()  # hundreds of rows carry none


def drawn(piece: Piece) -> str:
    """Its HTML for the zone of whoever looks; for `own_answer` to complete."""
    return _drawn(piece, timezone.get_current_timezone_name())


def own_answer(html: str, context: Context) -> SafeString:
    """Pieces with the token and the nonce of the answer that they go into."""
    filled = _filled(html, TOKEN, lambda: context["csrf_token"])
    filled = _filled(filled, NONCE, lambda: context["request"].csp_nonce)
    return mark_safe(filled)  # noqa: S308 - templates wrote it # nosec B308 B703


def _filled(html: str, word: str, value: Callable[[], object]) -> str:
    """Asked for only where it is in use: a token that nobody needs sets a cookie."""
    return html.replace(word, str(value())) if word in html else html
