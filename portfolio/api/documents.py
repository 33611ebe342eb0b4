"""Performance as PDF."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.services.limits import check_export
from kernel.pdf_answers import PDF, pdf_answer
from kernel.requests import check_query
from portfolio.api.figures import RANGE, RANGE_NAMES, performance_asked
from trades.queries.books import BOOKS


class PerformancePdf(APIView):
    """A tear sheet to hand on: figures, curves, months, parts, and where from."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_pdf",
        parameters=RANGE,
        responses={(200, PDF): OpenApiResponse(OpenApiTypes.BINARY)},
        extensions={"x-problems": ["413"]},
    )
    def get(self, request: Request) -> HttpResponse:
        """Performance as PDF: figures with their formulas, curves, months, strategies
        and symbols, and the digest of what they were computed from."""
        check_query(request, *RANGE_NAMES)
        check_export(request)
        # What draws is loaded by who asks for a drawing.
        from portfolio.pages.document import PASSING, performance_document

        told, now = performance_asked(request, detailed=True)
        maker = request.user.get_username()
        return pdf_answer(
            request,
            performance_document(told, maker, now),
            name="performance.pdf",
            maker=maker,
            passing=PASSING,
        )
