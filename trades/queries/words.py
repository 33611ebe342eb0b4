"""The words of a trade: its ids, note, strategy and symbol. What `q` finds in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db import connection
from django.db.models import Q, QuerySet

from kernel.display import plural
from kernel.substrings import SubstringIndex
from trades.models import Decision, Fill, Instrument, UnindexedFills

SHORTEST_SUBSTRING = 3
DECISION = re.compile(r"[dD]-([0-9]{1,18})")
INDEX = SubstringIndex("trades_words")
WORDS = ("external_id", "order_id", "note", "strategy", "instrument__symbol")
MOST_FOUND = 1_000  # trades; of what is more frequent the newest are looked at
MOST_UNINDEXED = 5_000  # trades that are looked at one by one


def decisions_named(text: str) -> QuerySet[Decision]:
    """By the id that came with one, or by D- and its number, as pages call it."""
    named = Q(external_id__in={text, text.upper()})
    number = DECISION.fullmatch(text)
    if number:
        named |= Q(pk=int(number[1]))
    return Decision.objects.filter(named).order_by()


def text_filter(q: str) -> Q:
    begins = Instrument.objects.filter(symbol__istartswith=q)
    symbol = Q(instrument__in=begins.order_by().values("pk"))
    if len(q) < SHORTEST_SUBSTRING:
        return symbol | Q(external_id__istartswith=q)
    return (
        Q(external_id__icontains=q)
        | Q(order_id__icontains=q)
        | Q(note__icontains=q)
        | Q(strategy__icontains=q)
        | Q(decision__in=decisions_named(q).values("pk"))
        | symbol
    )


def words_of(texts: Iterable[str]) -> str:
    """The WORDS of a trade as the index holds them."""
    return "\n".join(texts)


def may_fit(q: str) -> list[int] | None:
    """The ids of a few trades among which are all that fit; None where there are many,
    or where the index cannot say: then they are looked for row by row."""
    if len(q) < SHORTEST_SUBSTRING or not (q.isascii() and q.isprintable()):
        return None
    fills = _indexed(q)
    if fills is None:
        return None
    decisions = list(decisions_named(q).values_list("pk", flat=True))
    if decisions:
        decided = Fill.objects.filter(decision__in=decisions).order_by()
        fills += decided.values_list("pk", flat=True)[: MOST_FOUND + 1]
    return fills if len(fills) <= MOST_FOUND else None


def _indexed(q: str) -> list[int] | None:
    if INDEX.missing() or not INDEX.is_there():
        return None
    fits, fitting = INDEX.finding(q)
    whole, marking = INDEX.marker()
    unindexed = UnindexedFills._meta.db_table
    # One statement, which sees one state of what is indexed and what is not.
    sql = f"""
        SELECT 0, MIN("first"), MAX("last") FROM {unindexed}
        UNION ALL SELECT 1, id, 0 FROM ({whole}) AS whole
        UNION ALL SELECT 2, id, 0 FROM ({fits} LIMIT %s) AS fits
    """  # noqa: S608 - names of ours # nosec B608
    with connection.cursor() as cursor:
        cursor.execute(sql, [*marking, *fitting, MOST_FOUND + 1])
        rows = cursor.fetchall()
    if not any(kind == 1 for kind, _, _ in rows):
        return None
    fills = [pk for kind, pk, _ in rows if kind == 2]
    [(first, last)] = [(first, last) for kind, first, last in rows if kind == 0]
    if first is None:
        return fills
    if last - first >= MOST_UNINDEXED or len(fills) > MOST_FOUND:
        return None
    new = Fill.objects.filter(text_filter(q), pk__range=(first, last)).order_by()
    return [*fills, *new.values_list("pk", flat=True)[: MOST_FOUND + 1]]


def index_state() -> str:
    """How far the index is, in words for whoever keeps the product."""
    if why := INDEX.missing():
        return f"{why}: trades are searched row by row"
    if not INDEX.is_whole():
        return "the index of words is yet to be made: trades are searched row by row"
    behind = UnindexedFills.objects.count()
    return (
        f"the index of words is behind in {plural(behind, 'book')}"
        if behind
        else "the index of words knows every trade"
    )
