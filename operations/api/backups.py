"""Backups over HTTP."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.inputs import read_nothing
from kernel.requests import ApiRequest, check_query, limit_of
from operations import queries
from operations.answers import BackupAnswer, BackupList, QueuedRun
from operations.services.backups import taking


class Backups(APIView):
    access = Access("operations.view", writes=("operations.manage",))

    @extend_schema(
        operation_id="backups_list", parameters=PAGE_PARAMETERS, responses=BackupList
    )
    def get(self, request: Request) -> Response:
        """Backups, newest first."""
        check_query(request, "limit", "cursor")
        page = queries.backups(
            limit=limit_of(request), cursor=request.query_params.get("cursor", "")
        )
        answer = BackupList(
            backups=[BackupAnswer.of(backup) for backup in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(operation_id="backup_take", request=None, responses={202: QueuedRun})
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Queue a backup now; it is taken by the heavy worker."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            return Response(QueuedRun.of(taking.request()), status=202)

        return once(request, produce)
