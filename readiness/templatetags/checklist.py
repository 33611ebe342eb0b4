"""The rows of a checklist, each drawn once for as long as it shows the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString

from kernel.pieces import Piece, drawn, own_answer
from readiness.pages.activity import VERDICTS
from readiness.pages.item import ItemView, ShownLine

register = template.Library()


@register.filter
def verdict_word(verdict: str) -> str:
    """What people call a verdict; a person's record has none."""
    return VERDICTS.get(verdict, "filed").capitalize()


def _row(line: ShownLine, conflict: str, *, oob: bool) -> Piece:
    return Piece(
        template="readiness/parts/item.html",
        likeness=(line, conflict, oob),
        values={"line": line, "conflict": conflict, "oob": oob},
    )


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
    rows = (_row(view.shown(may_claim=may_claim), reason, oob=oob) for view in views)
    return own_answer("\n".join(map(drawn, rows)), context)
