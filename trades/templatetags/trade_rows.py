"""The rows of a list of trades, each drawn once for as long as it shows the same."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from kernel.pieces import Piece, drawn, own_answer
from trades.pages.listing import TradeRow

register = template.Library()


def _piece(row: TradeRow) -> Piece:
    return Piece(
        template="trades/parts/row.html",
        likeness=repr(row),
        values={"row": row, "trade": row.trade},
    )


@register.simple_tag(takes_context=True)
def trade_rows(context: template.Context, rows: Iterable[TradeRow]) -> SafeString:
    """These rows, in the zone of the person who looks."""
    return own_answer("\n".join(map(drawn, map(_piece, rows))), context)
