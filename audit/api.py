"""The log for clients: events, a verification, the newest signed head."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import queries, serializers
from kernel.access import Access
from kernel.api import check_query, limit_of, list_response
from kernel.errors import NotFound
from kernel.registry import actor_names

PAGING = [
    OpenApiParameter("cursor", str, description="next_cursor of the page before"),
    OpenApiParameter("limit", int, description="1 to 500, default 50"),
]


class Events(APIView):
    """Events, newest first."""

    access = Access("audit.view")

    @extend_schema(
        operation_id="audit_events",
        parameters=PAGING,
        responses=serializers.EventListSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "cursor", "limit")
        rows, cursor = queries.recent(
            limit_of(request), request.query_params.get("cursor", "")
        )
        names = actor_names({row.actor for row in rows})
        return list_response(
            request, "events", [serializers.event(row, names) for row in rows], cursor
        )


class Verify(APIView):
    """Walks the whole log now: bodies, chain, root, the last signed head."""

    access = Access("audit.verify")

    @extend_schema(
        operation_id="audit_verify", responses=serializers.VerificationSerializer
    )
    def get(self, request: Request) -> Response:
        check_query(request)
        return Response(serializers.verification(queries.check()))


class NewestCheckpoint(APIView):
    """The newest signed head, for witnesses outside."""

    access = Access("audit.view")

    @extend_schema(
        operation_id="audit_checkpoint", responses=serializers.CheckpointSerializer
    )
    def get(self, request: Request) -> Response:
        check_query(request)
        row = queries.newest_checkpoint()
        if row is None:
            raise NotFound("No checkpoint was signed yet.", code="no_checkpoint")
        return Response(serializers.checkpoint(row))
