"""Alerts and their rules over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import Access
from kernel.api import check_query, limit_of, list_response, revision_of
from kernel.errors import BadRequest, Conflict, PreconditionFailed
from operations import presenters, queries
from operations.serializers import (
    AlertListSerializer,
    AlertSerializer,
    RuleChangeSerializer,
    RuleListSerializer,
    RuleSerializer,
)
from operations.services import incidents, rules

READS = Access("operations.view")
DECIDES = Access("operations.acknowledge")
MANAGES = Access("operations.view", writes=("operations.manage",))


class Alerts(APIView):
    access = READS

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=list(queries.ALERT_STATES)),
            OpenApiParameter("limit", int),
            OpenApiParameter("cursor", str),
        ],
        responses=AlertListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Alerts, newest first."""
        check_query(request, "state", "limit", "cursor")
        state = request.query_params.get("state", "")
        if state and state not in queries.ALERT_STATES:
            raise BadRequest(
                f"state is one of {', '.join(queries.ALERT_STATES)}.", code="state"
            )
        rows, following = queries.alerts(
            state=state,
            limit=limit_of(request),
            after=request.query_params.get("cursor", ""),
        )
        return list_response(
            request, "alerts", [presenters.alert(row) for row in rows], following
        )


class Acknowledge(APIView):
    access = DECIDES

    @extend_schema(request=None, responses=AlertSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """Say that you are on it: nobody else is paged about it."""
        return Response(
            presenters.alert(incidents.acknowledge(uid, _user(request), timezone.now()))
        )


class Resolve(APIView):
    access = Access("operations.manage")

    @extend_schema(request=None, responses=AlertSerializer)
    def post(self, request: Request, uid: UUID) -> Response:
        """End an alert by hand; a new breach opens a new one."""
        done = incidents.resolve_by_hand(uid, _user(request), timezone.now())
        return Response(presenters.alert(done))


class Rules(APIView):
    access = READS

    @extend_schema(responses=RuleListSerializer)
    def get(self, request: Request) -> Response:
        """The rules by name, with threshold and revision."""
        check_query(request, "limit")
        rows = queries.rules()[: limit_of(request)]
        return list_response(
            request, "rules", [presenters.rule(row) for row in rows], None
        )


class OneRule(APIView):
    access = MANAGES

    @extend_schema(responses=RuleSerializer)
    def get(self, request: Request, name: str) -> Response:
        """One rule; its ETag is the revision that a PATCH names."""
        check_query(request)
        return _with_revision(presenters.rule(queries.rule(name)))

    @extend_schema(request=RuleChangeSerializer, responses=RuleSerializer)
    def patch(self, request: Request, name: str) -> Response:
        """Change the threshold; stale: 409 by body, 412 by If-Match, neither: 428."""
        change = RuleChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        revision = revision_of(request, request.data)
        try:
            row = rules.set_threshold(
                name,
                change.validated_data["threshold"],
                revision=revision,
                by=_user(request),
            )
        except Conflict as stale:
            if "If-Match" in request.headers:
                raise PreconditionFailed(
                    stale.detail, code=stale.code, extra=stale.extra
                ) from stale
            raise
        return _with_revision(presenters.rule(row))


def _with_revision(document: dict[str, Any]) -> Response:
    return Response(document, headers={"ETag": f'"{document["revision"]}"'})


def _user(request: Request) -> Any:
    return request.user
