"""Alerts over HTTP."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.inputs import read_nothing
from kernel.requests import ApiRequest, check_query, choice_of, limit_of
from operations import queries
from operations.answers import AlertAnswer, AlertList
from operations.models import Alert
from operations.services import incidents

STATES = tuple(Alert.State.values)


class Alerts(APIView):
    access = Access("operations.view")

    @extend_schema(
        operation_id="alerts_list",
        parameters=[
            OpenApiParameter(
                "state", str, enum=STATES, description="only those in this state"
            ),
            *PAGE_PARAMETERS,
        ],
        responses=AlertList,
    )
    def get(self, request: Request) -> Response:
        """Alerts, newest first."""
        check_query(request, "state", "limit", "cursor")
        page = queries.alerts(
            state=choice_of(request, "state", STATES),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        active = queries.active_silences(timezone.now())
        silences = queries.silences_by_alert(page.rows, active)
        answer = AlertList(
            alerts=[
                AlertAnswer.of(alert, silences.get(alert.pk)) for alert in page.rows
            ],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)


class Acknowledge(APIView):
    access = Access("operations.acknowledge")

    @extend_schema(
        operation_id="alert_acknowledge", request=None, responses=AlertAnswer
    )
    def post(self, request: ApiRequest, uid: UUID) -> HttpResponseBase:
        """Say that you are on it: nobody else is paged about it."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            at = timezone.now()
            return _answer(incidents.acknowledge(uid, request.user, at), at)

        return once(request, produce)


class Resolve(APIView):
    access = Access("operations.manage")

    @extend_schema(operation_id="alert_resolve", request=None, responses=AlertAnswer)
    def post(self, request: ApiRequest, uid: UUID) -> HttpResponseBase:
        """End an alert by hand; a new breach opens a new one."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            at = timezone.now()
            return _answer(incidents.resolve_by_hand(uid, request.user, at), at)

        return once(request, produce)


def _answer(alert: Alert, at: datetime) -> Response:
    silence = queries.silence_over(alert.rule, alert.target, at)
    return Response(AlertAnswer.of(alert, silence))
