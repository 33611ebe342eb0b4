"""Where browsers report what a page tried against the content policy."""

from __future__ import annotations

from django.urls import Resolver404, resolve
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import PUBLIC
from kernel.api import StrictJSONParser
from kernel.uploads import STRANGERS_LIMIT
from operations.domain.violations import violations
from operations.services.violations import record

STATIC = "/static/"
LEGACY, MODERN = "application/csp-report", "application/reports+json"
REPORTS = {"type": "array", "items": {"type": "object", "additionalProperties": {}}}


class LegacyParser(StrictJSONParser):
    media_type = LEGACY


class ReportsParser(StrictJSONParser):
    media_type = MODERN


class CspReports(APIView):
    """Browsers send no cookie and no token with a report, and no other sender can do
    more with it than they."""

    access = PUBLIC
    authentication_classes = ()
    parser_classes = (LegacyParser, ReportsParser)
    most_bytes = STRANGERS_LIMIT

    @extend_schema(
        operation_id="csp_report",
        request={LEGACY: OpenApiTypes.OBJECT, MODERN: REPORTS},
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Keep the reports that are about pages of ours; unknown fields are ignored."""
        reported = violations(request.data, host=request.get_host(), route=_route)
        record(reported, timezone.now())
        return Response(status=204)


def _route(path: str) -> str:
    """The route instead of the path, which may hold the secret of an invitation."""
    if path.startswith(STATIC):
        return path[:300]
    try:
        return f"/{resolve(path).route}"
    except Resolver404:
        return "no page of ours"
