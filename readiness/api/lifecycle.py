"""What becomes of a review: deployed, followed up, aborted, invalidated."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.inputs import read_body
from kernel.requests import ApiRequest, check_query
from readiness.answers.lifecycle import LifecycleAnswer
from readiness.api.reviews import TAGS
from readiness.inputs import (
    DeploymentInput,
    EndingInput,
    FollowUpInput,
    NextReviewInput,
)
from readiness.queries.board import board
from readiness.queries.follow_ups import find_follow_up
from readiness.queries.lifecycle import lifecycle, review_to_deploy
from readiness.queries.progress import progress
from readiness.queries.reviews import find_review
from readiness.services import follow_ups
from readiness.services import lifecycle as services

DEPLOYS = Access("readiness.deploy")
FOLLOWS_UP = Access("readiness.claim", "readiness.deploy")
ABORTS = Access("readiness.open", objects="a review of one's own, or Administrator")
INVALIDATES = Access("readiness.end")


def answer_of(review: UUID) -> LifecycleAnswer:
    now, row = timezone.now(), find_review(review)
    shown = board(row, now)
    return LifecycleAnswer.of(shown, progress(shown), lifecycle(shown, now))


class Deployments(APIView):
    access = DEPLOYS

    @extend_schema(
        operation_id="review_deploy",
        tags=TAGS,
        request=DeploymentInput,
        responses={201: LifecycleAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Mark an approved review deployed (any other is a 409): its follow-ups get
        their dates, and older reviews of its template and environment are superseded."""
        check_query(request)
        given = read_body(request, DeploymentInput)

        def produce() -> Response:
            review = services.deploy(review_to_deploy(given), request.user)
            return Response(answer_of(review.uuid), status=201)

        return once(request, produce)


class ReviewLifecycle(APIView):
    access = Access("readiness.view")

    @extend_schema(
        operation_id="review_lifecycle", tags=TAGS, responses=LifecycleAnswer
    )
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """What became of a review and by whom, and its follow-ups."""
        check_query(request)
        return Response(answer_of(review))


class ReviewAbortion(APIView):
    access = ABORTS

    @extend_schema(
        operation_id="review_abort",
        tags=TAGS,
        request=EndingInput,
        responses=LifecycleAnswer,
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """End a review that shall not be deployed, as who opened it or Administrator."""
        check_query(request)
        reason = read_body(request, EndingInput)["reason"]

        def produce() -> Response:
            services.abort(find_review(review), reason, request.user)
            return Response(answer_of(review))

        return once(request, produce)


class ReviewInvalidation(APIView):
    access = INVALIDATES

    @extend_schema(
        operation_id="review_invalidate",
        tags=TAGS,
        request=EndingInput,
        responses=LifecycleAnswer,
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """Say, as an Administrator, that nothing of a review can be relied on: only
        while the log, or a signature of it or its key, is broken."""
        check_query(request)
        reason = read_body(request, EndingInput)["reason"]

        def produce() -> Response:
            services.invalidate(find_review(review), reason, request.user)
            return Response(answer_of(review))

        return once(request, produce)


class NextReview(APIView):
    access = FOLLOWS_UP

    @extend_schema(
        operation_id="review_plan",
        tags=TAGS,
        request=NextReviewInput,
        responses=LifecycleAnswer,
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """Set the day on which people are reminded to review this release again."""
        check_query(request)
        day = read_body(request, NextReviewInput)["day"]

        def produce() -> Response:
            services.set_next_review(find_review(review), day, request.user)
            return Response(answer_of(review))

        return once(request, produce)


class FollowUpDone(APIView):
    access = FOLLOWS_UP

    @extend_schema(
        operation_id="follow_up_answer",
        tags=TAGS,
        request=FollowUpInput,
        responses=LifecycleAnswer,
    )
    def post(self, request: ApiRequest, follow_up: int) -> HttpResponseBase:
        """Say what was seen; the last answer closes the review. Before its window is
        over: 409."""
        check_query(request)
        note = read_body(request, FollowUpInput)["note"]

        def produce() -> Response:
            row = find_follow_up(follow_up)
            follow_ups.answer(row, note, request.user)
            return Response(answer_of(row.review.uuid))

        return once(request, produce)
