"""What the API answers to who imports a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from kernel.schema import Answer
from trades.services.importing import ImportResult
from trades.services.previewing import Preview


@dataclass(frozen=True, kw_only=True)
class BrokenLine(Answer):
    line: Annotated[int, "the header is 1; 0: the format has no lines"]
    reason: str


@dataclass(frozen=True, kw_only=True)
class ImportAnswer(Answer):
    """What booking a file did, or would do (then `id` is null)."""

    id: UUID | None
    book: str
    format: str
    sha256: str
    new: int
    duplicates: int
    broken: Annotated[list[BrokenLine], "the first 50"]
    rounded_rows: int
    largest_rounding: Decimal
    stated: Annotated[Mapping[str, str], "totals as the file wrote them"]
    recomputed: Annotated[Mapping[str, str], "the same, ours"]

    @classmethod
    def of_preview(cls, preview: Preview) -> ImportAnswer:
        return cls._of(
            preview, batch=None, new=preview.new, duplicates=preview.duplicates
        )

    @classmethod
    def of_result(cls, result: ImportResult) -> ImportAnswer:
        recorded = result.recorded
        return cls._of(
            result.preview,
            batch=result.batch.pk if result.batch else None,
            new=recorded.new["fills"] + recorded.new["transfers"],
            duplicates=recorded.duplicates,
        )

    @classmethod
    def _of(
        cls, preview: Preview, *, batch: UUID | None, new: int, duplicates: int
    ) -> ImportAnswer:
        parsed = preview.parsed
        return cls(
            id=batch,
            book=preview.book_name,
            format=parsed.file_format,
            sha256=preview.source.sha256,
            new=new,
            duplicates=duplicates,
            broken=[
                BrokenLine(line=row.line, reason=row.reason)
                for row in preview.shown_broken
            ],
            rounded_rows=parsed.rounded_rows,
            largest_rounding=parsed.largest_rounding,
            stated=parsed.stated,
            recomputed=parsed.recomputed,
        )
