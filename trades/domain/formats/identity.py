"""Which rows are the same fact: by their id, or by what they say."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from kernel.numbers import text
from trades.domain.facts import NewFill, symbol_parts
from trades.domain.formats.parsed import BrokenRow, ParsedFile


def row_id(prefix: str, content: Sequence[str], seen: Counter[str]) -> str:
    """Identity of a row without an id: its content and its ordinal among identical
    rows of the file, so that two real equal fills stay two and a second import of
    the file adds none."""
    digest = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"{prefix}:{digest}:{seen[digest]}"


def fill_facts(
    *,
    symbol: str,
    side: str,
    quantity: Decimal,
    price: Decimal,
    executed_at: datetime,
    fee: Decimal,
    fee_currency: str,
    quote: str,
) -> tuple[str, ...]:
    """What makes a fill without an id the same one: its parsed facts, not how they
    were written, not its note. A fee in the quote currency, or none, names none."""
    named = fee_currency if fee and fee_currency != quote else ""
    return (
        symbol,
        side,
        text(quantity),
        text(price),
        _utc(executed_at),
        text(fee),
        named,
    )


def transfer_facts(
    *, kind: str, asset: str, amount: Decimal, at: datetime
) -> tuple[str, ...]:
    """What makes a transfer without an id the same one."""
    return (kind, asset, text(amount), _utc(at))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def name_rows(prefix: str, parsed: ParsedFile, base_currency: str) -> None:
    """Give each fact that has no id the hash of its facts as one. Facts must stand in
    their order: the ordinal among identical ones follows it."""
    seen: Counter[str] = Counter()
    for index, fill in enumerate(parsed.fills):
        if not fill.external_id:
            symbol, _, quote = symbol_parts(fill.symbol, base_currency)
            content = fill_facts(
                symbol=symbol,
                side=fill.side,
                quantity=fill.quantity,
                price=fill.price,
                executed_at=fill.executed_at,
                fee=fill.fee,
                fee_currency=fill.fee_currency,
                quote=quote,
            )
            parsed.fills[index] = replace(
                fill, external_id=row_id(prefix, content, seen)
            )
    for index, transfer in enumerate(parsed.transfers):
        if not transfer.external_id:
            content = transfer_facts(
                kind=transfer.kind,
                asset=transfer.asset,
                amount=transfer.amount,
                at=transfer.at,
            )
            parsed.transfers[index] = replace(
                transfer, external_id=row_id(prefix, content, seen)
            )


def drop_repeats(parsed: ParsedFile) -> None:
    """Count a fill that repeats an id of its symbol with the same content, and keep
    the first; where the contents differ (notes aside) all of their lines are broken."""
    firsts: dict[str, dict[str, NewFill]] = defaultdict(dict)
    clashes: dict[tuple[str, str], list[NewFill]] = {}
    kept: list[NewFill] = []
    for fill in parsed.fills:
        if not fill.external_id:
            kept.append(fill)
            continue
        first = firsts[fill.symbol].setdefault(fill.external_id, fill)
        if first is fill:
            kept.append(fill)
        elif _content(first) == _content(fill):
            parsed.duplicates += 1
        else:
            key = fill.symbol, fill.external_id
            clashes.setdefault(key, [first]).append(fill)
    if clashes:
        parsed.broken += [row for fills in clashes.values() for row in _clash(fills)]
        parsed.fills = [
            fill for fill in kept if (fill.symbol, fill.external_id) not in clashes
        ]
    else:
        parsed.fills = kept


def _clash(fills: Sequence[NewFill]) -> Iterator[BrokenRow]:
    for fill in fills:
        others = ", ".join(
            str(other.line) for other in fills if other is not fill and other.line
        )
        where = f"in line {others}" if others else "again"
        reason = f"{fill.external_id} stands {where} with other content"
        yield BrokenRow(fill.line, reason, "external_id")


def _content(fill: NewFill) -> NewFill:
    return replace(fill, note="", line=0, sequence=0)
