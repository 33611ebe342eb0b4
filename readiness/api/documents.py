"""A review as PDF."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.views import APIView

from accounts.services.limits import check_export, gate
from kernel.access import Access
from kernel.pdf_answers import PDF, pdf_answer
from kernel.requests import ApiRequest, check_query
from readiness.api.reviews import TAGS
from readiness.queries.board import board
from readiness.queries.progress import progress
from readiness.queries.reviews import find_review


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
        check_export(request)
        # What draws is loaded by who asks for a drawing.
        from readiness.queries.document import review_document

        row, now = find_review(review), timezone.now()
        shown = board(row, now)
        document = review_document(shown, progress(shown), request.user, now)
        return pdf_answer(
            request,
            document,
            name=f"review-{row.uuid}.pdf",
            maker=request.user.username,
            passing=("Made for", "Facts as of"),
        )
