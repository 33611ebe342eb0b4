"""The rows of a checklist, each drawn once for as long as it shows the same, and the page
around them as short as it can be said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from kernel.pieces import INDENTATION, Piece, drawn, own_answer
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


class _Squeezed(template.Node):
    def __init__(self, inner: template.NodeList) -> None:
        self.inner = inner

    def render(self, context: template.Context) -> SafeString:
        return mark_safe(INDENTATION.sub(" ", self.inner.render(context)))  # noqa: S308 - templates wrote it # nosec B308 B703


@register.tag
def squeezed(parser: template.base.Parser, token: template.base.Token) -> _Squeezed:
    """What stands before `endsqueezed` without its indentation, a quarter of a long page;
    for what holds no text whose lines count."""
    inner = parser.parse(("endsqueezed",))
    parser.delete_first_token()
    return _Squeezed(inner)
