"""A review as PDF."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.views import APIView

from accounts.services.limits import EXPORT, check_person, gate
from kernel.access import Access
from kernel.pdf import PdfDocument, render
from kernel.requests import ApiRequest, check_query
from kernel.web import is_held
from readiness.api.reviews import TAGS
from readiness.queries.board import board
from readiness.queries.document import review_document
from readiness.queries.progress import progress
from readiness.queries.reviews import find_review

PDF = "application/pdf"


@method_decorator(gate("export", "GET"), name="get")
class ReviewPdf(APIView):
    """A review as a document: cover, signatures, lines by section."""

    access = Access("readiness.view")

    @extend_schema(
        operation_id="review_pdf",
        tags=TAGS,
        responses={(200, PDF): OpenApiResponse(OpenApiTypes.BINARY)},
        extensions={"x-problems": ["413"]},
    )
    def get(self, request: ApiRequest, review: UUID) -> HttpResponse:
        """A review as PDF: who and when, verdict, signatures and lines by section."""
        check_query(request)
        check_person(EXPORT, request.user)
        row, now = find_review(review), timezone.now()
        shown = board(row, now)
        document = review_document(shown, progress(shown), request.user, now)
        etag = _etag(document)
        if is_held(request, etag):
            return HttpResponse(status=304, headers={"ETag": etag})
        response = HttpResponse(render(document), content_type=PDF)
        name = f"review-{row.uuid}.pdf"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["ETag"] = etag
        return response


def _etag(document: PdfDocument) -> str:
    """Of what it says, but for when it was made."""
    told = replace(
        document,
        facts=[
            fact
            for fact in document.facts
            if fact[0] not in {"Made for", "Facts as of"}
        ],
    )
    maker = document.facts[-1][1].partition(",")[0]
    return f'W/"{hashlib.sha256(repr((maker, told)).encode()).hexdigest()[:24]}"'
