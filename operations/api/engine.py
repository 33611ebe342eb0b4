"""Probes and jobs over HTTP."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import Access
from kernel.inputs import read_body
from kernel.paging import PAGE_PARAMETERS, in_order, page_response
from kernel.requests import check_query, limit_of
from operations import queries
from operations.answers import JobAnswer, JobList, ProbeAnswer, ProbeList, QueuedRun
from operations.inputs import ProbeParams
from operations.services import probing, scheduler


class Jobs(APIView):
    access = Access("operations.view")

    @extend_schema(parameters=PAGE_PARAMETERS, responses=JobList)
    def get(self, request: Request) -> Response:
        """Jobs, failing first, then by name."""
        check_query(request, "limit", "cursor")
        page = in_order(
            queries.job_board(timezone.now()),
            key=lambda line: line.place,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = JobList(
            jobs=[JobAnswer.of(line) for line in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)


class RunJob(APIView):
    access = Access("operations.manage")

    @extend_schema(request=None, responses={202: QueuedRun})
    def post(self, request: Request, name: str) -> Response:
        """Queue the job now; the run already queued is answered again."""
        return Response(QueuedRun.of(scheduler.request_job(name)), status=202)


class Probes(APIView):
    access = Access("operations.view")

    @extend_schema(parameters=PAGE_PARAMETERS, responses=ProbeList)
    def get(self, request: Request) -> Response:
        """The newest result of each probe (and its params), failing first."""
        check_query(request, "limit", "cursor")
        page = in_order(
            queries.probe_board(timezone.now()),
            key=lambda line: line.place,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = ProbeList(
            probes=[ProbeAnswer.of(line) for line in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)


class RunProbe(APIView):
    access = Access("readiness.run", "operations.manage")

    @extend_schema(request=ProbeParams, responses={202: QueuedRun})
    def post(self, request: Request, name: str) -> Response:
        """Queue one measurement with these params."""
        given = read_body(request, ProbeParams)
        run = probing.request(name, given["params"])
        return Response(QueuedRun.of(run), status=202)
