"""A document as the answer to a request: a download, or nothing new."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from kernel.web import is_held

if TYPE_CHECKING:
    from kernel.pdf import PdfDocument

PDF = "application/pdf"


def pdf_answer(
    request: HttpRequest,
    document: PdfDocument,
    *,
    name: str,
    maker: str,
    passing: Collection[str],
) -> HttpResponse:
    """The PDF as a file of that name, or a 304 for whoever holds one that says the
    same; facts that are `passing` say only when and for whom it was made, and `maker`
    is whom. Raises as `render`."""
    from kernel.pdf import render  # what draws is loaded by who asks for a drawing

    told = replace(
        document, facts=[fact for fact in document.facts if fact[0] not in passing]
    )
    digest = hashlib.sha256(repr((maker, told)).encode()).hexdigest()[:24]
    etag = f'W/"{digest}"'
    if is_held(request, etag):
        return HttpResponse(status=304, headers={"ETag": etag})
    response = HttpResponse(render(document), content_type=PDF)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"] = etag
    return response
