"""Statements and signatures over HTTP."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import Access
from kernel.errors import BadRequest
from kernel.requests import ApiRequest, check_query
from readiness.answers.signoffs import SignoffAnswer, SignoffList, StatementAnswer
from readiness.api.reviews import TAGS
from readiness.inputs import SignatureInput, signature_request
from readiness.queries.board import board
from readiness.queries.reviews import find_review
from readiness.queries.signatures import signatures
from readiness.queries.statements import statement_for
from readiness.services.signing import sign


class ReviewStatement(APIView):
    access = Access("readiness.view")

    @extend_schema(
        tags=TAGS,
        parameters=[OpenApiParameter("role", str, required=True)],
        responses=StatementAnswer,
    )
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """What you would sign as a role today, and whether you may."""
        check_query(request, "role")
        role = request.query_params.get("role", "")
        if not role:
            raise BadRequest("Name the role: ?role=Developer.", code="role")
        today = board(find_review(review), timezone.now())
        return Response(StatementAnswer.of(statement_for(today, role, request.user)))


class ReviewSignature(APIView):
    access = Access("readiness.sign")

    @extend_schema(tags=TAGS, request=SignatureInput, responses={201: SignoffAnswer})
    def post(self, request: ApiRequest, review: UUID) -> Response:
        """Sign the statement that you read, with password and passphrase."""
        wanted = signature_request(request)
        row = find_review(review)
        signoff = sign(row, wanted, request.user)
        signature = next(
            each
            for each in signatures(board(row, timezone.now()))
            if each.signoff.pk == signoff.pk
        )
        return Response(SignoffAnswer.of(signature), status=201)


class ReviewSignoffs(APIView):
    access = Access("readiness.view")

    @extend_schema(tags=TAGS, responses=SignoffList)
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """All signatures of the review, newest first; `void` says what changed."""
        check_query(request)
        signed = signatures(board(find_review(review), timezone.now()))
        answers = [SignoffAnswer.of(signature) for signature in reversed(signed)]
        return Response(SignoffList(signoffs=answers, next_cursor=None))
