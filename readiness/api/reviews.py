"""Reviews and their items over HTTP: the same services and queries as the pages."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import (
    StrictJSONParser,
    check_query,
    limit_of,
    list_response,
    revision_of,
)
from kernel.cursor import Cursor
from kernel.errors import BadRequest, Conflict, Invalid, PreconditionFailed
from readiness import presenters
from readiness import serializers as shapes
from readiness.models import Review, ReviewItem
from readiness.queries.board import Row, board, boards
from readiness.queries.progress import progress, progress_of
from readiness.queries.reviews import (
    comments_of,
    evidence_of,
    find_item,
    find_review,
    published_version,
    reviews,
    waivers_of,
)
from readiness.services.claims import claim_item
from readiness.services.comments import comment
from readiness.services.evidence.collecting import run_now
from readiness.services.evidence.filing import (
    NewEvidence,
    confirm_evidence,
    file_evidence,
)
from readiness.services.reviews import NewReview, open_review

READS = Access("readiness.view")
CLAIMS = Access("readiness.view", writes=("readiness.claim",))
TAGS = ["readiness"]


def _user(request: Request) -> User:
    return cast(User, request.user)


def _body(shape: Any, request: Request) -> dict[str, Any]:
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return cast(dict[str, Any], given.validated_data)


def _one_review(review: Review) -> dict[str, Any]:
    shown = board(review, timezone.now())
    return presenters.review(shown, progress(shown))


class Reviews(APIView):
    access = Access("readiness.view", writes=("readiness.open",))

    @extend_schema(
        tags=TAGS,
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=shapes.ReviewListSerializer,
    )
    def get(self, request: Request) -> Response:
        """Reviews, newest first, each with verdict and counts."""
        check_query(request, "limit", "cursor")
        found, following = reviews(
            limit_of(request), request.query_params.get("cursor", "")
        )
        shown = boards(found, timezone.now())
        sides = progress_of(list(shown.values()))
        rows = [presenters.review(shown[one.pk], sides[one.pk]) for one in found]
        return list_response(request, "reviews", rows, following)

    @extend_schema(
        tags=TAGS,
        request=shapes.NewReviewSerializer,
        responses={201: shapes.ReviewSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Open a review of a published template version."""
        body = _body(shapes.NewReviewSerializer, request)

        def produce() -> Response:
            review = open_review(
                NewReview(
                    version=published_version(body["template"], body.get("version")),
                    release=body["release"].strip(),
                    commit=body["commit"].lower(),
                    environment=body["environment"],
                    imported_ticks=body["imported_ticks"],
                ),
                _user(request),
            )
            return Response(_one_review(review), status=201)

        return once(request, produce)


class OneReview(APIView):
    access = READS

    @extend_schema(tags=TAGS, responses=shapes.ReviewSerializer)
    def get(self, request: Request, review: UUID) -> Response:
        """One review as the list shows it."""
        check_query(request)
        return Response(_one_review(find_review(review)))


class Items(APIView):
    access = READS

    @extend_schema(
        tags=TAGS,
        parameters=[
            OpenApiParameter("state", str, enum=list(shapes.STATES)),
            OpenApiParameter("limit", int),
            OpenApiParameter("cursor", str),
        ],
        responses=shapes.ItemListSerializer,
    )
    def get(self, request: Request, review: UUID) -> Response:
        """Items in document order, each with its state and why."""
        check_query(request, "state", "limit", "cursor")
        state = request.query_params.get("state", "")
        if state and state not in shapes.STATES:
            raise BadRequest(
                f"state is one of {', '.join(shapes.STATES)}.", code="state"
            )
        limit = limit_of(request)
        after = _position(request.query_params.get("cursor", ""))
        shown = board(find_review(review), timezone.now())
        rows = [
            row
            for row in shown.rows
            if row.shape.position > after and (not state or row.state == state)
        ]
        following = (
            Cursor(str(rows[limit - 1].shape.position), rows[limit - 1].id).encode()
            if len(rows) > limit
            else None
        )
        return list_response(
            request, "items", [presenters.item(row) for row in rows[:limit]], following
        )


def _position(cursor: str) -> int:
    """Where a page of items ended; before the first without a cursor."""
    if not cursor:
        return -1
    key = Cursor.decode(cursor).key
    if not key.isdecimal():
        raise BadRequest("This cursor is not one of ours.", code="cursor")
    return int(key)


def _row(item: ReviewItem) -> Row:
    return board(item.review, timezone.now()).by_id[item.pk]


def _whole(item: ReviewItem) -> Response:
    row = _row(item)
    document = presenters.whole_item(
        row, evidence_of(item), comments_of(item), waivers_of(item)
    )
    return Response(document, headers={"ETag": f'"{row.claim.revision}"'})


class OneItem(APIView):
    access = READS

    @extend_schema(tags=TAGS, responses=shapes.WholeItemSerializer)
    def get(self, request: Request, item: int) -> Response:
        """An item with checks, evidence history, waivers and comments; its ETag is
        the revision that a claim names."""
        check_query(request)
        return _whole(find_item(item))


class Claim(APIView):
    access = CLAIMS

    @extend_schema(tags=TAGS, request=shapes.ClaimBody, responses=shapes.ItemSerializer)
    def post(self, request: Request, item: int) -> Response:
        """Say that it is done, or take that back. Stale: 409 by body, 412 by
        If-Match; neither: 428."""
        body = _body(shapes.ClaimBody, request)
        row = find_item(item)
        try:
            claim_item(
                row,
                done=body["done"],
                revision=revision_of(request, request.data),
                note=body["note"],
                by=_user(request),
            )
        except Conflict as stale:
            if "If-Match" in request.headers and stale.code == "stale_revision":
                raise PreconditionFailed(
                    stale.detail, code=stale.code, extra=stale.extra
                ) from stale
            raise
        now = _row(row)
        return Response(
            presenters.item(now), headers={"ETag": f'"{now.claim.revision}"'}
        )


class Run(APIView):
    access = Access("readiness.run")

    @extend_schema(tags=TAGS, request=None, responses={202: shapes.AskedSerializer})
    def post(self, request: Request, item: int) -> Response:
        """Ask for the item's probes now; their results follow within seconds."""
        row = find_item(item)
        return Response({"probes": run_now(row, row.item.checks.all())}, status=202)


class FileEvidence(APIView):
    access = CLAIMS
    parser_classes = (StrictJSONParser, MultiPartParser)

    @extend_schema(
        tags=TAGS,
        request={
            "application/json": shapes.EvidenceBody,
            "multipart/form-data": shapes.EvidenceBody,
        },
        responses={201: shapes.RecordSerializer},
    )
    def post(self, request: Request, item: int) -> HttpResponseBase:
        """File a text, a link or a file; it counts once another person confirms."""
        new = _evidence(_body(shapes.EvidenceBody, request))

        def produce() -> Response:
            row = file_evidence(find_item(item), new, _user(request))
            return Response(presenters.record(row), status=201)

        return once(request, produce)


def _evidence(body: dict[str, Any]) -> NewEvidence:
    """What `kind` announces must be there."""
    kind, summary = body["kind"], body["summary"]
    if kind == "file":
        upload = body.get("file")
        if upload is None:
            raise Invalid("Send the file as multipart field `file`.", code="file")
        return NewEvidence(
            kind,
            summary,
            upload.read(),
            upload.name,
            upload.content_type or "application/octet-stream",
        )
    content = body.get("link" if kind == "link" else "text", "")
    return NewEvidence(kind, summary, content.encode())


class Confirm(APIView):
    access = CLAIMS

    @extend_schema(tags=TAGS, request=None, responses=shapes.RecordSerializer)
    def post(self, request: Request, item: int, evidence: int) -> Response:
        """Agree, as another person, with what was filed."""
        confirm_evidence(find_item(item), evidence, _user(request))
        row = next(
            one for one in evidence_of(find_item(item), 500) if one.pk == evidence
        )
        return Response(presenters.record(row))


class Comments(APIView):
    access = CLAIMS

    @extend_schema(
        tags=TAGS,
        request=shapes.CommentBody,
        responses={201: shapes.CommentSerializer},
    )
    def post(self, request: Request, item: int) -> HttpResponseBase:
        """Say something about an item; comments are never signed."""
        body = _body(shapes.CommentBody, request)

        def produce() -> Response:
            row = comment(find_item(item), body["text"], _user(request))
            return Response(presenters.comment(row), status=201)

        return once(request, produce)
