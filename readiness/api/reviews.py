"""Reviews and what is said about their lines, as the pages do it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.paging import in_order
from kernel.requests import ApiRequest, check_query, choice_of, limit_of
from readiness.answers.items import ItemAnswer, ItemList
from readiness.answers.reviews import ReviewAnswer, ReviewList
from readiness.domain.state import ItemState
from readiness.inputs import ReviewInput, new_review
from readiness.models import Review
from readiness.queries.board import BoardRow, board, boards
from readiness.queries.progress import progress, progress_of
from readiness.queries.reviews import find_review, reviews
from readiness.queries.work import LineSearch, kept_lines
from readiness.services.reviews import open_review

TAGS = ["readiness"]
STATES = [state.value for state in ItemState]


def answer_of(review: Review) -> ReviewAnswer:
    today = board(review, timezone.now())
    return ReviewAnswer.of(today, progress(today))


class Reviews(APIView):
    access = Access("readiness.view", writes=("readiness.open",))

    @extend_schema(
        operation_id="reviews_list",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=ReviewList,
    )
    def get(self, request: ApiRequest) -> Response:
        """Reviews, newest first, each with verdict and counts."""
        check_query(request, "limit", "cursor")
        page = reviews(limit_of(request), request.query_params.get("cursor", ""))
        today = boards(page.rows, timezone.now())
        signed = progress_of(list(today.values()))
        answers = [
            ReviewAnswer.of(today[review.pk], signed[review.pk]) for review in page.rows
        ]
        return page_response(
            request, ReviewList(reviews=answers, next_cursor=page.next_cursor)
        )

    @extend_schema(
        operation_id="review_open",
        tags=TAGS,
        request=ReviewInput,
        responses={201: ReviewAnswer},
        extensions={"x-located": ["201"]},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Open a review of a published template version."""
        check_query(request)

        def produce() -> Response:
            review = open_review(new_review(request), request.user)
            where = reverse("readiness-api:review", args=[review.uuid])
            return Response(answer_of(review), status=201, headers={"Location": where})

        return once(request, produce)


class OneReview(APIView):
    access = Access("readiness.view")

    @extend_schema(operation_id="review_read", tags=TAGS, responses=ReviewAnswer)
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """One review as the list shows it."""
        check_query(request)
        return Response(answer_of(find_review(review)))


class Items(APIView):
    access = Access("readiness.view")

    @extend_schema(
        operation_id="review_items",
        tags=TAGS,
        parameters=[
            OpenApiParameter(
                "state", str, enum=STATES, description="only lines in this state"
            ),
            OpenApiParameter(
                "q", str, description="words of key, title, text or reason"
            ),
            OpenApiParameter(
                "assignee",
                str,
                description="a username, also as the owner of a section; or `(nobody)`",
            ),
            *PAGE_PARAMETERS,
        ],
        responses=ItemList,
    )
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """Lines in document order, each with its state and why."""
        check_query(request, "state", "q", "assignee", "limit", "cursor")
        wanted = LineSearch(
            text=request.query_params.get("q", ""),
            state=choice_of(request, "state", STATES) or "",
            assignee=request.query_params.get("assignee", ""),
        )
        rows = kept_lines(board(find_review(review), timezone.now()), wanted)
        page = in_order(
            rows,
            key=_place,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        return page_response(
            request,
            ItemList(
                items=[ItemAnswer.of(row) for row in page.rows],
                next_cursor=page.next_cursor,
            ),
        )


def _place(row: BoardRow) -> tuple[int]:
    return (row.shape.position,)
