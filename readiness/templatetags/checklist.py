"""The rows of a checklist, each drawn once for as long as it shows the same."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from readiness.pages.activity import VERDICTS
from readiness.pages.item import ItemView, ShownLine

register = template.Library()
# What differs from answer to answer stands in a kept row as a word nobody can write.
INDENTATION = re.compile(r"[ \n]+")
TOKEN, NONCE = secrets.token_hex(16), secrets.token_hex(16)


@register.filter
def verdict_word(verdict: str) -> str:
    """What people call a verdict; a person's record has none."""
    return VERDICTS.get(verdict, "filed").capitalize()


@lru_cache(maxsize=4096)
def _drawn(line: ShownLine, conflict: str, *, oob: bool) -> str:
    html = render_to_string(
        "readiness/parts/item.html",
        {
            "line": line,
            "conflict": conflict,
            "oob": oob,
            "csrf_token": TOKEN,
            "nonce": NONCE,
        },
    )
    return INDENTATION.sub(" ", html).strip()  # a hundred rows carry none


@register.simple_tag(takes_context=True)
def checklist_rows(
    context: template.Context,
    views: Iterable[ItemView],
    conflict: Any = None,
    *,
    oob: bool = False,
) -> SafeString:
    """The rows of these lines as this person may see them."""
    may_claim = bool(context.get("may_claim"))
    reason = conflict.detail if conflict else ""
    html = "\n".join(
        _drawn(view.shown(may_claim=may_claim), reason, oob=oob) for view in views
    )
    html = html.replace(TOKEN, str(context["csrf_token"]))
    if oob:
        html = html.replace(NONCE, str(context["request"].csp_nonce))
    return mark_safe(html)  # noqa: S308 - templates wrote it # nosec B308 B703
