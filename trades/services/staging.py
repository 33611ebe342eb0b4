"""Files that are kept until they are booked or given up, and the states they pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from accounts.models import User
from kernel.cache import bump
from kernel.errors import Conflict, NotFound
from kernel.records import restored
from operations.services import scheduler
from trades.models import ImportBatch, ImportPart
from trades.services.previewing import Consent, Source
from trades.services.reports import ImportReport

JOB = "trades-import"
PART_BYTES = 1 << 20
MOST_AT_ONCE = 1000
SMALL_BYTES = 1 << 20
PACKED_BYTES = 1 << 16


def is_small(file: UploadedFile[Any]) -> bool:
    """Whether a request may read the file itself: at most 1,000 rows as far as its
    lines tell, 1 MiB for a document without lines, 64 KiB for a packed one. Leaves it
    at its start."""
    if (file.size or 0) > SMALL_BYTES:
        return False
    content: bytes = file.read()
    file.seek(0)
    if content.startswith(b"PK"):
        return len(content) <= PACKED_BYTES
    lines = max(content.count(b"\n"), content.count(b"\r"))
    return lines <= MOST_AT_ONCE + 1


def declared_batch(source: Source, by: User) -> ImportBatch:
    """The unsaved batch of a file that nobody has read yet."""
    return ImportBatch(
        book_name=source.book,
        base_currency=source.base,
        zone=source.zone,
        declared=declared_of(source),
        file_name=source.file_name[:255],
        bytes=0,
        created_by=by,
        created_at=timezone.now(),
    )


def declared_of(source: Source) -> dict[str, object]:
    return {
        "file_format": source.file_format,
        "encoding": source.encoding,
        "decimal_comma": source.decimal_comma,
        "mapping": dict(source.mapping),
    }


def keep(batch: ImportBatch, chunks: Iterable[bytes]) -> None:
    """Write a file's bytes beside its batch, one part in memory at a time."""
    digest, size, number = hashlib.sha256(), 0, 0
    for chunk in chunks:
        for start in range(0, len(chunk), PART_BYTES):
            part = chunk[start : start + PART_BYTES]
            ImportPart.objects.create(batch=batch, number=number, content=part)
            digest.update(part)
            size, number = size + len(part), number + 1
    batch.sha256, batch.bytes = digest.hexdigest(), size
    batch.save(update_fields=["sha256", "bytes"])


def staged(batch_id: UUID, by: User) -> ImportBatch:
    """The person's own batch. Raises NotFound for any other."""
    batch = ImportBatch.objects.filter(pk=batch_id, created_by=by).first()
    if batch is None:
        raise NotFound("There is no such import of yours.", code="import")
    return batch


def source_of(batch: ImportBatch) -> Source:
    """The file and how it was declared, out of its parts."""
    parts = batch.parts.values_list("content", flat=True)
    return Source(
        content=b"".join(bytes(part) for part in parts),
        file_name=batch.file_name,
        book=batch.book_name,
        base=batch.base_currency,
        zone=batch.zone,
        **batch.declared,
    )


def report_on(batch: ImportBatch) -> ImportReport:
    """What reading found; of a file that was not read yet, nothing."""
    return restored(ImportReport, batch.report or {"format": batch.file_format})


def consent_to(batch: ImportBatch) -> Consent:
    return Consent(
        skip_broken=batch.skip_broken, accept_differences=batch.accept_differences
    )


def move(
    batch: ImportBatch, origins: Iterable[str], state: str, **values: object
) -> None:
    """Leave one of the states `origins` for another, and tell who looks on.

    Raises Conflict when the batch has left them already.
    """
    left = ImportBatch.objects.filter(pk=batch.pk, state__in=list(origins))
    moved = left.update(state=state, **values)
    batch.refresh_from_db()
    if not moved:
        raise Conflict(
            f"This import is {batch.get_state_display().lower()} by now.",
            code="state",
            extra={"current": {"state": batch.state}},
        )
    bump(tag_of(batch))


def tag_of(batch: ImportBatch) -> str:
    """The version tag that its page asks for."""
    return f"import:{batch.pk.hex}"


def ask(batch: ImportBatch) -> None:
    """A queued run of the job for this batch, in the caller's transaction."""
    scheduler.request(JOB, batch.pk.hex, {"import": batch.pk.hex})
