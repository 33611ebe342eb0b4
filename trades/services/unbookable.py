"""Rows of a file that its book cannot take: broken, and no facts of the file any
more, so that they are named and whoever leaves broken rows out books the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from trades.domain.facts import NewBalance, NewFill, NewTransfer, symbol_parts
from trades.domain.formats.parsed import BrokenRow, ParsedFile
from trades.models import Book
from trades.queries.books import is_meant
from trades.services.decisions import decision_ids
from trades.services.facts import faults_of
from trades.services.repeats import clashing_fills, clashing_transfers, other_content
from trades.services.statements import contradicted, contradiction

Fact = TypeVar("Fact", NewFill, NewTransfer, NewBalance)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a file is to go; `book` is None where it would be made."""

    book: Book | None
    name: str
    base: str
    decisions: Mapping[str, int]

    def fault(self, fill: NewFill) -> BrokenRow | None:
        """Why a fill cannot be booked here."""
        same = is_meant(self.book, fill.book) if self.book else fill.book == self.name
        if fill.book and not same:
            return BrokenRow(fill.line, f"book: {fill.book[:40]!r} is not {self.name}")
        _, base, quote = symbol_parts(fill.symbol, self.base)
        fault = next(faults_of(fill, (base, quote), self.decisions), None)
        if fault is None:
            return None
        return BrokenRow(fill.line, f"{fault.pointer}: {fault.detail}")


def set_faults_aside(
    parsed: ParsedFile, book: Book | None, name: str, base: str
) -> None:
    """Make broken rows of fills that name another book than the file's or cannot be
    booked as they are. `name` is how the book was called, `base` its base currency."""
    named = {fill.decision for fill in parsed.fills if fill.decision}
    place = _Place(
        book=book,
        name=book.name if book else name,
        base=base,
        decisions=decision_ids(book, named) if book and named else {},
    )
    faults = [(fill, place.fault(fill)) for fill in parsed.fills]
    parsed.fills = [fill for fill, fault in faults if fault is None]
    parsed.broken += [fault for _, fault in faults if fault is not None]
    parsed.broken.sort(key=lambda row: row.line)


def set_clashes_aside(parsed: ParsedFile, book: Book) -> None:
    """Make broken rows of facts whose ids are booked with other content, and of
    balances that their source stated otherwise."""
    fills = list(clashing_fills(book, parsed.fills))
    transfers = list(clashing_transfers(book, parsed.transfers))
    clashing: list[NewFill | NewTransfer] = [*fills, *transfers]
    parsed.broken += [
        BrokenRow(fact.line, other_content(fact.external_id)) for fact in clashing
    ]
    contradicting = contradicted(book, parsed.balances)
    parsed.broken += [BrokenRow(0, contradiction(row)) for _, row in contradicting]
    parsed.broken.sort(key=lambda row: row.line)
    parsed.fills = _without(parsed.fills, fills)
    parsed.transfers = _without(parsed.transfers, transfers)
    parsed.balances = _without(parsed.balances, (new for new, _ in contradicting))


def _without(facts: Iterable[Fact], clashing: Iterable[Fact]) -> list[Fact]:
    gone = {id(fact) for fact in clashing}
    return [fact for fact in facts if id(fact) not in gone]
