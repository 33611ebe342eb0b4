"""Statements and signatures over HTTP."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from kernel.access import Access
from kernel.errors import BadRequest
from kernel.requests import check_query
from readiness.domain.statements import MEANINGS
from readiness.models import Review
from readiness.queries.board import board
from readiness.queries.reviews import find_review
from readiness.queries.signatures import Signature, signatures
from readiness.queries.statements import StatementSheet, statement_for
from readiness.services.signing import SignatureRequest, sign

TAGS = ["readiness"]
Shape = serializers.Serializer[Any]


class StatementItemSerializer(Shape):
    key = serializers.CharField()
    state = serializers.CharField()


class StatementSerializer(Shape):
    role = serializers.CharField()
    words = serializers.CharField()
    statement = serializers.CharField()
    statement_sha256 = serializers.CharField()
    claim_root = serializers.CharField()
    items = StatementItemSerializer(many=True)
    may_sign = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)


class VoidSerializer(Shape):
    key = serializers.CharField()
    change = serializers.CharField()


class SignoffSerializer(Shape):
    id = serializers.CharField()
    role = serializers.CharField()
    signer = serializers.CharField()
    meaning = serializers.ChoiceField(MEANINGS)
    note = serializers.CharField()
    signed_at = serializers.DateTimeField()
    claim_root = serializers.CharField()
    envelope_sha256 = serializers.CharField()
    valid = serializers.BooleanField()
    void = VoidSerializer(many=True)


class SignoffListSerializer(Shape):
    signoffs = SignoffSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class SignSerializer(Shape):
    role = serializers.CharField(max_length=150)
    meaning = serializers.CharField(max_length=20)
    statement_sha256 = serializers.CharField(max_length=64, allow_blank=True)
    password = serializers.CharField(max_length=256, trim_whitespace=False)
    passphrase = serializers.CharField(max_length=256, trim_whitespace=False)
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


def statement_document(shown: StatementSheet) -> dict[str, Any]:
    return {
        "role": shown.role,
        "words": shown.words,
        "statement": shown.text,
        "statement_sha256": shown.sha256,
        "claim_root": shown.statement.claim_root,
        "items": [{"key": row.key, "state": row.state} for row in shown.rows],
        "may_sign": shown.refusal is None,
        "reason": shown.refusal[1] if shown.refusal else None,
    }


def signoff_document(signature: Signature) -> dict[str, Any]:
    one = signature.signoff
    return {
        "id": str(one.uuid),
        "role": one.role,
        "signer": one.signer.username,
        "meaning": one.meaning,
        "note": one.note,
        "signed_at": one.signed_at,
        "claim_root": one.claim_root,
        "envelope_sha256": one.envelope_sha256,
        "valid": signature.valid,
        "void": [
            {"key": change.key, "change": change.change} for change in signature.void
        ],
    }


def _signature(review: Review, uuid: UUID) -> Signature:
    found = signatures(board(review, timezone.now()))
    return next(one for one in found if one.signoff.uuid == uuid)


class Statement(APIView):
    access = Access("readiness.view")

    @extend_schema(
        tags=TAGS,
        parameters=[OpenApiParameter("role", str, required=True)],
        responses=StatementSerializer,
    )
    def get(self, request: Request, review: UUID) -> Response:
        """What you would sign as a role today, and whether you may."""
        check_query(request, "role")
        role = request.query_params.get("role", "")
        if not role:
            raise BadRequest("Name the role: ?role=Developer.", code="role")
        shown = statement_for(
            board(find_review(review), timezone.now()), role, cast(User, request.user)
        )
        return Response(statement_document(shown))


class Sign(APIView):
    access = Access("readiness.sign")

    @extend_schema(
        tags=TAGS, request=SignSerializer, responses={201: SignoffSerializer}
    )
    def post(self, request: Request, review: UUID) -> Response:
        """Sign the statement that you read, with password and passphrase."""
        given = SignSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        row = find_review(review)
        signoff = sign(
            row, SignatureRequest(**given.validated_data), cast(User, request.user)
        )
        return Response(signoff_document(_signature(row, signoff.uuid)), status=201)


class Signoffs(APIView):
    access = Access("readiness.view")

    @extend_schema(tags=TAGS, responses=SignoffListSerializer)
    def get(self, request: Request, review: UUID) -> Response:
        """All signatures of the review, newest first; `void` says what changed."""
        check_query(request)
        found = signatures(board(find_review(review), timezone.now()))
        rows = [signoff_document(one) for one in reversed(found)]
        return Response({"signoffs": rows, "next_cursor": None})
