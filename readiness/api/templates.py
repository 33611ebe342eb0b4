"""Checklists for clients: list, import, publish, export."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import StrictJSONParser, check_query, limit_of, list_response
from kernel.cursor import page
from kernel.errors import Conflict, FieldError, Invalid
from readiness.domain.parsing.source import MAX_BYTES
from readiness.models import TemplateVersion
from readiness.queries import templates as queries
from readiness.queries.board import board
from readiness.queries.exports import review_markdown
from readiness.queries.progress import progress
from readiness.queries.reviews import find_review
from readiness.services import importing

READS = Access("readiness.view")
WRITES = Access("readiness.view", writes=("readiness.templates",))


class ContradictionSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    lines = serializers.ListField(child=serializers.IntegerField())


class ProposedCheckSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    line = serializers.IntegerField()
    title = serializers.CharField()
    probe = serializers.CharField()
    params = serializers.DictField(child=serializers.CharField())
    threshold = serializers.CharField(allow_null=True)
    freshness = serializers.CharField(help_text="seconds")
    grace = serializers.CharField(help_text="seconds")


class ImportedChecklistSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=TemplateVersion.State.choices)
    headings = serializers.IntegerField()
    items = serializers.IntegerField()
    ticked = serializers.IntegerField()
    depth = serializers.IntegerField()
    fields_ = serializers.IntegerField(help_text="blanks to fill in")
    steps = serializers.IntegerField()
    repaired = serializers.IntegerField(help_text="runs of wrongly decoded bytes")
    sha256 = serializers.CharField()
    contradictions = ContradictionSerializer(many=True)
    checks = ProposedCheckSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """The answer's `fields` would hide the serializer's own attribute."""
        found = super().get_fields()
        return {name.rstrip("_"): field for name, field in found.items()}


class VersionSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    state = serializers.CharField()
    sha256 = serializers.CharField()
    items = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)


class TemplateSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    slug = serializers.CharField()
    title = serializers.CharField()
    versions = VersionSerializer(many=True)


class TemplateListSerializer(serializers.Serializer[Any]):
    templates = TemplateSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ChecklistImportSerializer(serializers.Serializer[Any]):
    """A file, or its text; `name` says which template it is a version of."""

    file = serializers.FileField(required=False)
    text = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False
    )
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)


class PublishSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(required=False, min_value=1)


def _version(row: TemplateVersion) -> dict[str, Any]:
    return {
        "version": row.number,
        "state": row.state,
        "sha256": row.sha256,
        "items": row.report.get("items", 0),
        "created_at": row.created_at,
        "published_at": row.published_at,
    }


class Templates(APIView):
    """Templates with their versions, newest first."""

    access = READS

    @extend_schema(
        operation_id="readiness_templates",
        parameters=[
            OpenApiParameter("cursor", str, description="next_cursor before"),
            OpenApiParameter("limit", int, description="1 to 500, default 50"),
        ],
        responses=TemplateListSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "cursor", "limit")
        rows, cursor = page(
            queries.templates(),
            field="created_at",
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        versions = queries.versions_of(rows)
        found = [
            {
                "id": str(row.pk),
                "slug": row.slug,
                "title": row.title,
                "versions": [_version(one) for one in versions[row.pk]],
            }
            for row in rows
        ]
        return list_response(request, "templates", found, cursor)


class Import(APIView):
    """Read a Markdown checklist into a draft; nothing is published by it."""

    access = WRITES
    parser_classes = [StrictJSONParser, MultiPartParser]

    @extend_schema(
        operation_id="readiness_template_import",
        request={
            "application/json": ChecklistImportSerializer,
            "multipart/form-data": ChecklistImportSerializer,
        },
        responses={201: ImportedChecklistSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._import(request))

    def _import(self, request: Request) -> Response:
        form = ChecklistImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = _bytes_of(form.validated_data)
        version = importing.import_template(
            data, form.validated_data.get("name", ""), cast(User, request.user)
        )
        return Response(queries.as_json(version), status=201)


def _bytes_of(given: dict[str, Any]) -> bytes:
    """The document's bytes, one more than allowed at most."""
    file = given.get("file")
    if isinstance(file, UploadedFile):
        return bytes(file.read(MAX_BYTES + 1))
    if "text" in given:
        return str(given["text"]).encode("utf-8", "surrogatepass")
    reason = "send the checklist as `file` or as `text`"
    raise Invalid(
        f"Nothing to import: {reason}.",
        code="required",
        errors=[FieldError("/file", "required", reason)],
    )


class Publish(APIView):
    """Fix a draft for good; without `version` the newest one."""

    access = WRITES

    @extend_schema(
        operation_id="readiness_template_publish",
        request=PublishSerializer,
        responses=ImportedChecklistSerializer,
    )
    def post(self, request: Request, template: int) -> Response:
        check_query(request)
        form = PublishSerializer(data=request.data or {})
        form.is_valid(raise_exception=True)
        number = form.validated_data.get("version")
        draft = (
            queries.numbered(template, number)
            if number
            else queries.newest_draft(template)
        )
        if draft is None:
            raise Conflict("No draft waits to be published.", code="not_a_draft")
        version = importing.publish(draft, cast(User, request.user))
        return Response(queries.as_json(version))


class ReviewMarkdown(APIView):
    """A review as Markdown: ticks, states, evidence and signatures filled in."""

    access = READS

    @extend_schema(
        operation_id="readiness_review_markdown",
        responses={(200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, review: UUID) -> HttpResponse:
        check_query(request)
        shown = board(find_review(review), timezone.now())
        response = HttpResponse(
            review_markdown(shown, progress(shown)),
            content_type="text/markdown; charset=utf-8",
        )
        response["Content-Disposition"] = f'attachment; filename="review-{review}.md"'
        return response


class Markdown(APIView):
    """The document as imported, byte for byte after repair."""

    access = READS

    @extend_schema(
        operation_id="readiness_template_markdown",
        responses={(200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, template: int, number: int) -> HttpResponse:
        check_query(request)
        row = queries.numbered(template, number)
        response = HttpResponse(
            bytes(row.source), content_type="text/markdown; charset=utf-8"
        )
        name = f"{row.template.slug}-v{row.number}.md"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["ETag"] = f'"{row.sha256}"'
        return response
