"""Work on several lines of a review, its notes, and what differs from another."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import BadRequest
from kernel.inputs import read_body, read_nothing
from kernel.paging import newest_first
from kernel.requests import ApiRequest, check_query, limit_of
from readiness.answers.items import ItemAnswer
from readiness.answers.work import (
    ClaimsAnswer,
    NoteAnswer,
    NoteList,
    RefusedLineAnswer,
    ReviewDiffAnswer,
    SectionList,
)
from readiness.api.items import row_of
from readiness.api.reviews import TAGS
from readiness.inputs import (
    AssignInput,
    ClaimsInput,
    NoteInput,
    SectionInput,
    seen_lines,
)
from readiness.queries.board import board
from readiness.queries.item import find_item
from readiness.queries.notes import find_note, notes_of
from readiness.queries.review_diff import compared
from readiness.queries.reviews import find_review
from readiness.queries.work import lines_of
from readiness.services import notes
from readiness.services.assigning import assign, own_section
from readiness.services.claims import claim_several

CLAIMS = Access("readiness.claim")


class ReviewClaims(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="review_claims",
        tags=TAGS,
        request=ClaimsInput,
        responses=ClaimsAnswer,
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """Claim several lines at once, or take that back, each by the revision that
        you saw: lines that somebody changed meanwhile are named in `refused`, the
        others are claimed."""
        check_query(request)
        body, seen = seen_lines(request)

        def produce() -> Response:
            row = find_review(review)
            lines = [(line, seen[line.pk]) for line in lines_of(row, list(seen))]
            refused = claim_several(
                lines, done=body["done"], note=body["note"], by=request.user
            )
            left = {each.line.pk for each in refused}
            today = board(row, timezone.now())
            answer = ClaimsAnswer(
                claimed=[
                    ItemAnswer.of(today.by_id[line.pk])
                    for line, _ in lines
                    if line.pk not in left
                ],
                refused=[RefusedLineAnswer.of(each) for each in refused],
            )
            return Response(answer)

        return once(request, produce)


class ItemAssignment(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="item_assign", tags=TAGS, request=AssignInput, responses=ItemAnswer
    )
    def post(self, request: ApiRequest, item: int) -> HttpResponseBase:
        """Say who is to do a line: somebody who works on reviews, or nobody. It
        changes no signature."""
        check_query(request)
        assignee = read_body(request, AssignInput)["assignee"] or ""

        def produce() -> Response:
            line = find_item(item)
            assign([line], assignee, request.user)
            return Response(ItemAnswer.of(row_of(line)))

        return once(request, produce)


class ReviewSections(APIView):
    access = Access("readiness.view", writes=("readiness.claim",))

    @extend_schema(operation_id="review_sections", tags=TAGS, responses=SectionList)
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """Sections of a review, each with its owner."""
        check_query(request)
        return Response(SectionList.of(board(find_review(review), timezone.now())))

    @extend_schema(
        operation_id="section_own",
        tags=TAGS,
        request=SectionInput,
        responses=SectionList,
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """Say who owns a section: somebody who works on reviews, or nobody. It changes
        no signature."""
        check_query(request)
        body = read_body(request, SectionInput)

        def produce() -> Response:
            row = find_review(review)
            own_section(row, body["section"], body["owner"] or "", request.user)
            today = board(find_review(review), timezone.now())
            return Response(SectionList.of(today))

        return once(request, produce)


class ReviewDifferences(APIView):
    access = Access("readiness.view")

    @extend_schema(
        operation_id="review_diff",
        tags=TAGS,
        parameters=[
            OpenApiParameter(
                "against",
                str,
                description="id of a review of the same checklist; without it the one "
                "that was opened last before",
            )
        ],
        responses=ReviewDiffAnswer,
        extensions={"x-problems": ["422"]},
    )
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """Lines that were added, removed, or have another title, state, claim or
        evidence than in the last review."""
        check_query(request, "against")
        against = _id_of(request.query_params.get("against", ""))
        row = find_review(review)
        return Response(ReviewDiffAnswer.of(compared(row, against, timezone.now())))


def _id_of(given: str) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError as error:
        raise BadRequest("`against` is a review's id.", code="against") from error


class ReviewNotes(APIView):
    access = Access("readiness.view", writes=("readiness.claim",))

    @extend_schema(
        operation_id="review_notes",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=NoteList,
    )
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """Notes and known issues of a review, newest first."""
        check_query(request, "limit", "cursor")
        page = newest_first(
            notes_of(find_review(review)),
            field="at",
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = NoteList(
            notes=[NoteAnswer.of(note) for note in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="review_note",
        tags=TAGS,
        request=NoteInput,
        responses={201: NoteAnswer},
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """Write a note or a known issue, also once the review has ended."""
        check_query(request)
        body = read_body(request, NoteInput)

        def produce() -> Response:
            row = find_review(review)
            note = notes.write(row, body["kind"], body["text"], request.user)
            return Response(NoteAnswer.of(note), status=201)

        return once(request, produce)


class NoteResolution(APIView):
    access = CLAIMS

    @extend_schema(
        operation_id="note_resolve", tags=TAGS, request=None, responses=NoteAnswer
    )
    def post(self, request: ApiRequest, note: int) -> HttpResponseBase:
        """Say that a known issue is resolved."""
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            return Response(NoteAnswer.of(notes.resolve(find_note(note), request.user)))

        return once(request, produce)
