"""Probes and jobs over HTTP."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import Access
from kernel.api import check_query, limit_of, list_response
from kernel.errors import BadRequest
from operations import presenters, queries
from operations.serializers import (
    JobListSerializer,
    ProbeListSerializer,
    QueuedSerializer,
    RunProbeSerializer,
)
from operations.services import probing, scheduler

READS = Access("operations.view")
PAGE = [OpenApiParameter("limit", int), OpenApiParameter("cursor", str)]


def _page(request: Request, noun: str, rows: list[dict[str, object]]) -> Response:
    """A page of a short list in its own order; the cursor is how many were seen."""
    check_query(request, "limit", "cursor")
    cursor = request.query_params.get("cursor", "0")
    if not cursor.isdecimal():
        raise BadRequest("The cursor is not one of ours.", code="cursor")
    start, limit = int(cursor), limit_of(request)
    following = str(start + limit) if len(rows) > start + limit else None
    return list_response(request, noun, rows[start : start + limit], following)


class Jobs(APIView):
    access = READS

    @extend_schema(parameters=PAGE, responses=JobListSerializer)
    def get(self, request: Request) -> Response:
        """Jobs, failing first, then by name."""
        lines = queries.job_board(timezone.now())
        return _page(request, "jobs", [presenters.job(line) for line in lines])


class RunJob(APIView):
    access = Access("operations.manage")

    @extend_schema(request=None, responses={202: QueuedSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Queue the job now; the run already queued is answered again."""
        run = scheduler.request_job(name)
        return Response(presenters.queued(run), status=202)


class Probes(APIView):
    access = READS

    @extend_schema(parameters=PAGE, responses=ProbeListSerializer)
    def get(self, request: Request) -> Response:
        """The newest result of each probe (and its params), failing first."""
        lines = queries.probe_board(timezone.now())
        return _page(request, "probes", [presenters.probe(line) for line in lines])


class RunProbe(APIView):
    access = Access("readiness.run", "operations.manage")

    @extend_schema(request=RunProbeSerializer, responses={202: QueuedSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Queue one measurement with these params."""
        given = RunProbeSerializer(data=request.data or {})
        given.is_valid(raise_exception=True)
        run = probing.request(name, given.validated_data["params"])
        return Response(presenters.queued(run), status=202)
