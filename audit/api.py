"""The log for clients: events, a verification, the newest signed head."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import queries
from audit.answers import Event, EventList, LogCheck, SignedHead
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import NotFound
from kernel.registry import actor_names
from kernel.requests import check_query, limit_of


class Events(APIView):
    """Events, newest first."""

    access = Access("audit.view")

    @extend_schema(
        operation_id="audit_events", parameters=PAGE_PARAMETERS, responses=EventList
    )
    def get(self, request: Request) -> Response:
        check_query(request, "cursor", "limit")
        page = queries.recent(limit_of(request), request.query_params.get("cursor", ""))
        names = actor_names({row.actor for row in page.rows})
        events = [Event.of(row, names) for row in page.rows]
        return page_response(
            request, EventList(events=events, next_cursor=page.next_cursor)
        )


class Verify(APIView):
    """Walks the whole log now: bodies, chain, root, the last signed head."""

    access = Access("audit.verify")

    @extend_schema(operation_id="audit_verify", responses=LogCheck)
    def get(self, request: Request) -> Response:
        check_query(request)
        return Response(LogCheck.of(queries.check()))


class NewestCheckpoint(APIView):
    """The newest signed head, for witnesses outside."""

    access = Access("audit.view")

    @extend_schema(
        operation_id="audit_checkpoint",
        responses=SignedHead,
        extensions={"x-problems": ["404"]},
    )
    def get(self, request: Request) -> Response:
        check_query(request)
        row = queries.newest_checkpoint()
        if row is None:
            raise NotFound("No checkpoint was signed yet.", code="no_checkpoint")
        return Response(SignedHead.of(row))
