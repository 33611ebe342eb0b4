"""Backups over HTTP."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import check_query, limit_of, list_response
from operations import presenters
from operations.queries.copies import backup_page
from operations.serializers import BackupListSerializer, QueuedSerializer
from operations.services.backups import taking


class Backups(APIView):
    access = Access("operations.view", writes=("operations.manage",))

    @extend_schema(
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=BackupListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Backups, newest first."""
        check_query(request, "limit", "cursor")
        rows, following = backup_page(
            limit=limit_of(request), after=request.query_params.get("cursor", "")
        )
        return list_response(
            request, "backups", [presenters.backup(row) for row in rows], following
        )

    @extend_schema(request=None, responses={202: QueuedSerializer})
    def post(self, request: Request) -> HttpResponseBase:
        """Queue a backup now; it is taken by the heavy worker."""

        def produce() -> Response:
            run = taking.request()
            document: dict[str, Any] = {"run": str(run.uid), "state": run.state}
            return Response(document, status=202)

        return once(request, produce)
