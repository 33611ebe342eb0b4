"""Probes and jobs over HTTP."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.inputs import read_body, read_nothing
from kernel.paging import in_order
from kernel.requests import ApiRequest, check_query, limit_of
from operations import queries
from operations.answers import JobAnswer, JobList, ProbeAnswer, ProbeList, QueuedRun
from operations.inputs import JobPause, ProbeParams
from operations.services import pausing, probing, scheduler


class Jobs(APIView):
    access = Access("operations.view")

    @extend_schema(
        operation_id="jobs_list", parameters=PAGE_PARAMETERS, responses=JobList
    )
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

    @extend_schema(operation_id="job_run", request=None, responses={202: QueuedRun})
    def post(self, request: ApiRequest, name: str) -> HttpResponseBase:
        """Queue the job now; the run already queued is answered again."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            return Response(QueuedRun.of(scheduler.request_job(name)), status=202)

        return once(request, produce)


class PauseJob(APIView):
    access = Access("operations.manage")

    @extend_schema(operation_id="job_pause", request=JobPause, responses=JobAnswer)
    def post(self, request: ApiRequest, name: str) -> HttpResponseBase:
        """Keep a job's schedule from running for some minutes; it can still be run."""
        check_query(request)
        wish = read_body(request, JobPause)

        def produce() -> Response:
            at = timezone.now()
            pausing.pause(name, **wish, by=request.user, at=at)
            return Response(JobAnswer.of(queries.job_line(name, at)))

        return once(request, produce)


class ResumeJob(APIView):
    access = Access("operations.manage")

    @extend_schema(operation_id="job_resume", request=None, responses=JobAnswer)
    def post(self, request: ApiRequest, name: str) -> HttpResponseBase:
        """End a pause before its time; a slot that was missed runs at once."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            at = timezone.now()
            pausing.resume(name, by=request.user, at=at)
            return Response(JobAnswer.of(queries.job_line(name, at)))

        return once(request, produce)


class Probes(APIView):
    access = Access("operations.view")

    @extend_schema(
        operation_id="probes_list", parameters=PAGE_PARAMETERS, responses=ProbeList
    )
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

    @extend_schema(
        operation_id="probe_run", request=ProbeParams, responses={202: QueuedRun}
    )
    def post(self, request: ApiRequest, name: str) -> HttpResponseBase:
        """Queue one measurement with these params."""
        check_query(request)
        given = read_body(request, ProbeParams)

        def produce() -> Response:
            run = probing.request(name, given["params"])
            return Response(QueuedRun.of(run), status=202)

        return once(request, produce)
