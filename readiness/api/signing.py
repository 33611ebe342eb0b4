"""Statements and signatures over HTTP."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services import login_limits
from accounts.services.idempotency import once
from accounts.services.limits import gate
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import BadRequest
from kernel.paging import in_rank
from kernel.requests import ApiRequest, check_query, limit_of
from readiness.answers.signoffs import (
    MissingSignoffAnswer,
    SignoffAnswer,
    SignoffList,
    StatementAnswer,
)
from readiness.api.reviews import TAGS
from readiness.inputs import SignatureInput, signature_request
from readiness.queries.board import board
from readiness.queries.reviews import find_review
from readiness.queries.signatures import signatures
from readiness.queries.statements import statement_for
from readiness.services.signing import UnlockedKey, sign_with, unlock


class ReviewStatement(APIView):
    access = Access("readiness.view")

    @extend_schema(
        operation_id="review_statement",
        tags=TAGS,
        parameters=[
            OpenApiParameter("role", str, required=True, description="Developer, say")
        ],
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


@method_decorator(gate("sign"), name="post")
class ReviewSignature(APIView):
    access = Access("readiness.sign")

    @extend_schema(
        operation_id="review_sign",
        tags=TAGS,
        request=SignatureInput,
        responses={201: SignoffAnswer},
    )
    def post(self, request: ApiRequest, review: UUID) -> HttpResponseBase:
        """Sign the statement that you read, with password and passphrase."""
        check_query(request)
        wanted, by = signature_request(request), request.user
        row = find_review(review)
        unlocked: list[UnlockedKey] = []
        confirming = partial(login_limits.confirming, request._request)

        def produce() -> Response:
            signoff = sign_with(unlocked[0], row, wanted, by)
            signature = next(
                each
                for each in signatures(board(row, timezone.now())).signed
                if each.signoff.pk == signoff.pk
            )
            return Response(SignoffAnswer.of(signature), status=201)

        return once(
            request,
            produce,
            before=lambda: unlocked.append(unlock(row, wanted, by, confirming)),
        )


class ReviewSignoffs(APIView):
    access = Access("readiness.view")

    @extend_schema(
        operation_id="review_signoffs",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=SignoffList,
    )
    def get(self, request: ApiRequest, review: UUID) -> Response:
        """All signatures of the review, newest first; `void` says what changed."""
        check_query(request, "cursor", "limit")
        stored = signatures(board(find_review(review), timezone.now()))
        page = in_rank(
            stored.signed[::-1],
            name=lambda signature: str(signature.signoff.uuid),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = SignoffList(
            signoffs=[SignoffAnswer.of(signature) for signature in page.rows],
            missing=[MissingSignoffAnswer.of(each) for each in stored.missing],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)
