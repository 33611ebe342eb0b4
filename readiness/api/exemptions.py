"""Waivers and "not applicable": asked for, approved by another person, taken back."""

from __future__ import annotations

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.inputs import read_body, read_nothing
from kernel.requests import ApiRequest, check_query
from readiness.answers.items import NotApplicableAnswer, WaiverAnswer
from readiness.api.reviews import TAGS
from readiness.inputs import NotApplicableInput, WaiverInput, new_waiver
from readiness.models import NotApplicable, Waiver
from readiness.queries.exemptions import APPROVERS, REVOKERS, find_exemption
from readiness.queries.item import find_item
from readiness.services import exemptions

ASKS = Access("readiness.claim")
APPROVES_WAIVERS = Access(*APPROVERS[Waiver], objects="not one's own request")
APPROVES_NOT_APPLICABLE = Access(
    *APPROVERS[NotApplicable], objects="not one's own request"
)
REVOKES = Access(*REVOKERS)


class ItemWaivers(APIView):
    access = ASKS

    @extend_schema(
        operation_id="waiver_request",
        tags=TAGS,
        request=WaiverInput,
        responses={201: WaiverAnswer},
    )
    def post(self, request: ApiRequest, item: int) -> HttpResponseBase:
        """Ask to go on with a known risk; it counts once an Administrator approves."""
        check_query(request)
        new = new_waiver(request)

        def produce() -> Response:
            asked = exemptions.ask_waiver([find_item(item)], new, request.user)
            return Response(WaiverAnswer.of(asked[0]), status=201)

        return once(request, produce)


class WaiverApproval(APIView):
    access = APPROVES_WAIVERS

    @extend_schema(
        operation_id="waiver_approve", tags=TAGS, request=None, responses=WaiverAnswer
    )
    def post(self, request: ApiRequest, waiver: int) -> HttpResponseBase:
        """Approve, as an Administrator, what somebody else asked for."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            row = find_exemption(Waiver, waiver)
            exemptions.approve(row, request.user)
            return Response(WaiverAnswer.of(row))

        return once(request, produce)


class WaiverRevocation(APIView):
    access = REVOKES

    @extend_schema(
        operation_id="waiver_revoke", tags=TAGS, request=None, responses=WaiverAnswer
    )
    def post(self, request: ApiRequest, waiver: int) -> HttpResponseBase:
        """Take a waiver, or the request for one, back."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            row = find_exemption(Waiver, waiver)
            exemptions.revoke(row, request.user)
            return Response(WaiverAnswer.of(row))

        return once(request, produce)


class ItemNotApplicable(APIView):
    access = ASKS

    @extend_schema(
        operation_id="not_applicable_request",
        tags=TAGS,
        request=NotApplicableInput,
        responses={201: NotApplicableAnswer},
    )
    def post(self, request: ApiRequest, item: int) -> HttpResponseBase:
        """Say that a line has nothing to say here; it counts once another reviewer
        agrees."""
        check_query(request)
        reason = read_body(request, NotApplicableInput)["reason"]

        def produce() -> Response:
            lines = [find_item(item)]
            asked = exemptions.ask_not_applicable(lines, reason, request.user)
            return Response(NotApplicableAnswer.of(asked[0]), status=201)

        return once(request, produce)


class NotApplicableApproval(APIView):
    access = APPROVES_NOT_APPLICABLE

    @extend_schema(
        operation_id="not_applicable_approve",
        tags=TAGS,
        request=None,
        responses=NotApplicableAnswer,
    )
    def post(self, request: ApiRequest, exemption: int) -> HttpResponseBase:
        """Agree, as another reviewer or an Administrator."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            row = find_exemption(NotApplicable, exemption)
            exemptions.approve(row, request.user)
            return Response(NotApplicableAnswer.of(row))

        return once(request, produce)


class NotApplicableRevocation(APIView):
    access = REVOKES

    @extend_schema(
        operation_id="not_applicable_revoke",
        tags=TAGS,
        request=None,
        responses=NotApplicableAnswer,
    )
    def post(self, request: ApiRequest, exemption: int) -> HttpResponseBase:
        """Take "not applicable", or the request for it, back."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            row = find_exemption(NotApplicable, exemption)
            exemptions.revoke(row, request.user)
            return Response(NotApplicableAnswer.of(row))

        return once(request, produce)
