"""Silences over HTTP."""

from __future__ import annotations

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
from kernel.inputs import read_body, read_nothing
from kernel.requests import ApiRequest, check_query, choice_of, limit_of
from operations import queries
from operations.answers import SilenceAnswer, SilenceList
from operations.inputs import AlertSilence, RuleSilence
from operations.services import silences
from operations.services.silences import NewSilence

STATES = ("active", "over")


class Silences(APIView):
    access = Access("operations.view", writes=("operations.acknowledge",))

    @extend_schema(
        operation_id="silences_list",
        parameters=[
            OpenApiParameter(
                "state", str, enum=STATES, description="only those in this state"
            ),
            *PAGE_PARAMETERS,
        ],
        responses=SilenceList,
    )
    def get(self, request: Request) -> Response:
        """Silences, newest first: those that hold and those that are over."""
        check_query(request, "state", "limit", "cursor")
        state = choice_of(request, "state", STATES)
        page = queries.silences(
            active=state == "active" if state else None,
            at=timezone.now(),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = SilenceList(
            silences=[SilenceAnswer.of(silence) for silence in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="silence_begin",
        request=RuleSilence,
        responses={201: SilenceAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Tell nobody of a rule for some minutes, a day at the most."""
        check_query(request)
        wish = NewSilence(**read_body(request, RuleSilence))

        def produce() -> Response:
            begun = silences.silence(wish, request.user, timezone.now())
            return Response(SilenceAnswer.of(begun), status=201)

        return once(request, produce)


class SilenceAlert(APIView):
    access = Access("operations.acknowledge")

    @extend_schema(
        operation_id="alert_silence",
        request=AlertSilence,
        responses={201: SilenceAnswer},
    )
    def post(self, request: ApiRequest, uid: UUID) -> HttpResponseBase:
        """Tell nobody of this alert's rule and target for some minutes."""
        check_query(request)
        wish = read_body(request, AlertSilence)

        def produce() -> Response:
            begun = silences.silence_alert(
                uid, **wish, by=request.user, at=timezone.now()
            )
            return Response(SilenceAnswer.of(begun), status=201)

        return once(request, produce)


class EndSilence(APIView):
    access = Access("operations.acknowledge")

    @extend_schema(operation_id="silence_end", request=None, responses=SilenceAnswer)
    def post(self, request: ApiRequest, uid: UUID) -> HttpResponseBase:
        """End it before its time: people are told at once of what still fires."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            ended = silences.end(uid, request.user, timezone.now())
            return Response(SilenceAnswer.of(ended))

        return once(request, produce)
