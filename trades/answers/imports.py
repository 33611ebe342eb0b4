"""What the API answers to who imports a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from kernel.records import restored, stored
from kernel.schema import Answer
from trades.models import BatchEvent, ImportBatch
from trades.queries.imports import undoing_of, waiting_of
from trades.services.importing import ImportResult
from trades.services.previewing import Preview
from trades.services.reports import ImportReport
from trades.services.staging import report_on


@dataclass(frozen=True, kw_only=True)
class ImportLine(Answer):
    line: Annotated[int, "the header is 1; 0: the format has no lines"]
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImportRow(Answer):
    """A fact of the file; a movement of an asset has no price."""

    line: int
    at: datetime
    kind: Annotated[str, "buy, sell or the kind of a transfer"]
    symbol: Annotated[str, "of a transfer: the asset"]
    quantity: Decimal
    price: Decimal | None
    fee: Decimal
    fee_currency: str


@dataclass(frozen=True, kw_only=True)
class ImportSymbol(Answer):
    symbol: str
    fills: int
    bought: Decimal
    sold: Decimal
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class ImportPosition(Answer):
    """A position before and after; `entry_price` is that after, without fees."""

    symbol: str
    before: Decimal
    after: Decimal
    entry_price: Decimal | None


@dataclass(frozen=True, kw_only=True)
class ImportDifference(Answer):
    """What must be accepted before the file is booked."""

    kind: str
    what: str
    line: int
    ours: str
    theirs: str


@dataclass(frozen=True, kw_only=True)
class ImportProfit(Answer):
    what: str
    stated: Decimal
    gross: Decimal
    net: Decimal
    agrees_with: Annotated[str, "net, gross or nothing"]


@dataclass(frozen=True, kw_only=True)
class ImportBalance(Answer):
    asset: str
    stated: Decimal
    by_rows: Decimal


@dataclass(frozen=True, kw_only=True)
class ImportColumn(Answer):
    theirs: str
    ours: Annotated[str, "what it is read as; nothing: it is ignored"]
    samples: list[str]


@dataclass(frozen=True, kw_only=True)
class ImportUndoing(Answer):
    """How a booked file was taken out of its book."""

    reason: str
    author: str
    at: datetime
    pnl_before: Annotated[
        Decimal | None, "realised + unrealised of its instruments in this book"
    ]
    pnl_after: Annotated[Decimal | None, "null until it is matched again"]

    @classmethod
    def of(cls, event: BatchEvent) -> ImportUndoing:
        return cls(
            reason=event.reason,
            author=event.author.username,
            at=event.recorded_at,
            pnl_before=event.pnl_before,
            pnl_after=event.pnl_after,
        )


@dataclass(frozen=True, kw_only=True)
class ImportAnswer(Answer):
    """How far an import is, and what its file says: counts are of the whole file, the
    lists are its first rows. `id` is null when nothing was kept: a file of at most
    1,000 rows that was only looked at, or held nothing new."""

    id: UUID | None
    state: ImportBatch.State
    done: Annotated[int, "of `total`: facts that are booked"]
    total: int
    dry_run: bool
    problem: Annotated[str, "why it failed, or what must be agreed to"]
    book: str
    file: str
    sha256: str
    booked_at: datetime | None
    undone: ImportUndoing | None
    format: str
    encoding: str
    separator: str
    columns: list[ImportColumn]
    missing: Annotated[list[str], "names that no column is read as"]
    base_currency: str
    makes_book: bool
    booked_before: Annotated[bool, "this very file is booked: nothing is new"]
    rows: int
    fills: int
    transfers: int
    balances: int
    new: int
    duplicates: int
    broken_count: int
    broken: list[ImportLine]
    skipped_count: int
    skipped: list[ImportLine]
    first_rows: list[ImportRow]
    last_rows: list[ImportRow]
    symbol_count: int
    symbols: list[ImportSymbol]
    first_at: datetime | None
    last_at: datetime | None
    positions: Annotated[
        list[ImportPosition] | None, "null: too many rows to try, known once booked"
    ]
    waiting: Annotated[
        list[str], "symbols whose trades count once a job has matched them again"
    ]
    profits: list[ImportProfit]
    balance_checks: list[ImportBalance]
    differences: list[ImportDifference]
    notes: list[str]
    rounded_rows: int
    largest_rounding: Decimal
    stated: Annotated[Mapping[str, str], "totals as the file wrote them"]
    recomputed: Annotated[Mapping[str, str], "the same, ours"]

    @classmethod
    def of_preview(cls, preview: Preview) -> ImportAnswer:
        return _answer(
            preview.report,
            {
                "id": None,
                "state": ImportBatch.State.PREVIEW,
                "done": 0,
                "total": preview.report.fills + preview.report.transfers,
                "dry_run": True,
                "problem": "",
                "book": preview.book_name,
                "file": preview.source.file_name,
                "sha256": preview.source.sha256,
                "booked_at": None,
                "undone": None,
            },
        )

    @classmethod
    def of_result(cls, result: ImportResult) -> ImportAnswer:
        preview, batch = result.preview, result.batch
        total = preview.report.fills + preview.report.transfers
        return _answer(
            preview.report,
            {
                "id": batch.pk if batch else None,
                "state": ImportBatch.State.BOOKED,
                "done": total,
                "total": total,
                "dry_run": False,
                "problem": "",
                "book": result.book.name,
                "file": preview.source.file_name,
                "sha256": preview.source.sha256,
                "booked_at": batch.booked_at if batch else None,
                "undone": None,
                "new": result.new,
                "duplicates": result.duplicates,
                "waiting": waiting_of(batch) if batch else [],
            },
        )

    @classmethod
    def of_batch(cls, batch: ImportBatch) -> ImportAnswer:
        undoing = undoing_of(batch)
        said: dict[str, object] = {
            "id": batch.pk,
            "state": batch.state,
            "done": batch.done,
            "total": batch.total,
            "dry_run": batch.dry_run,
            "problem": batch.problem,
            "book": batch.book_name,
            "file": batch.file_name,
            "sha256": batch.sha256,
            "booked_at": batch.booked_at,
            "undone": ImportUndoing.of(undoing) if undoing else None,
        }
        if batch.booked_at:
            said |= {"new": batch.new, "duplicates": batch.duplicates}
            said["waiting"] = waiting_of(batch)
        return _answer(report_on(batch), said)


@dataclass(frozen=True, kw_only=True)
class ImportSummary(Answer):
    id: str
    state: ImportBatch.State
    done: int
    total: int
    new: int
    duplicates: int
    book: str
    file: str
    sha256: str
    created_at: datetime
    booked_at: datetime | None

    @classmethod
    def of(cls, batch: ImportBatch) -> ImportSummary:
        return cls(
            id=str(batch.pk),
            state=ImportBatch.State(batch.state),
            done=batch.done,
            total=batch.total,
            new=batch.new,
            duplicates=batch.duplicates,
            book=batch.book_name,
            file=batch.file_name,
            sha256=batch.sha256,
            created_at=batch.created_at,
            booked_at=batch.booked_at,
        )


@dataclass(frozen=True, kw_only=True)
class ImportList(Answer):
    imports: list[ImportSummary]
    next_cursor: str | None


def _answer(report: ImportReport, said: Mapping[str, object]) -> ImportAnswer:
    """What reading the file found, with how far its import is."""
    return restored(ImportAnswer, {**stored(report), **stored(said)})
