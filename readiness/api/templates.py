"""Checklists for clients: list, import, publish, export."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from accounts.services.limits import check_export, gate
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, StrictJSONParser, page_response
from kernel.inputs import read_body
from kernel.middleware.conditional import told_at
from kernel.paging import newest_first
from kernel.requests import ApiRequest, check_query, limit_of
from kernel.uploads import IMPORT_BYTES
from readiness.answers.templates import ChecklistAnswer, TemplateAnswer, TemplateList
from readiness.inputs import ChecklistInput, ChecklistUpload, PublishInput, checklist
from readiness.queries import templates as queries
from readiness.queries.board import board
from readiness.queries.exports import as_of, review_markdown
from readiness.queries.progress import progress
from readiness.queries.reviews import find_review
from readiness.services.importing import import_template
from readiness.services.publishing import publish_draft

READS = Access("readiness.view")
WRITES = Access("readiness.view", writes=("readiness.templates",))
MARKDOWN = {(200, "text/markdown"): OpenApiResponse(OpenApiTypes.STR)}


def markdown_file(text: str | bytes, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.md"'
    return response


class Templates(APIView):
    """Templates with their versions, newest first."""

    access = READS

    @extend_schema(
        operation_id="readiness_templates",
        parameters=PAGE_PARAMETERS,
        responses=TemplateList,
    )
    def get(self, request: ApiRequest) -> Response:
        check_query(request, "cursor", "limit")
        page = newest_first(
            queries.templates(),
            field="created_at",
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        versions = queries.versions_of(page.rows)
        answers = [
            TemplateAnswer.of(template, versions[template.pk]) for template in page.rows
        ]
        return page_response(
            request, TemplateList(templates=answers, next_cursor=page.next_cursor)
        )


class TemplateImport(APIView):
    """Read a Markdown checklist into a draft; nothing is published by it."""

    access = WRITES
    parser_classes = [StrictJSONParser, MultiPartParser]
    most_bytes = IMPORT_BYTES

    @extend_schema(
        operation_id="readiness_template_import",
        request={
            "application/json": ChecklistInput,
            "multipart/form-data": ChecklistUpload,
        },
        responses={201: ChecklistAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)

        def produce() -> Response:
            document, how = checklist(request)
            version = import_template(document, how, request.user)
            return Response(ChecklistAnswer.of(version), status=201)

        return once(request, produce)


class TemplatePublication(APIView):
    """Fix a draft for good; without `version` the newest one."""

    access = WRITES

    @extend_schema(
        operation_id="readiness_template_publish",
        request=PublishInput,
        responses=ChecklistAnswer,
    )
    def post(self, request: ApiRequest, template: int) -> HttpResponseBase:
        check_query(request)
        number = read_body(request, PublishInput).get("version")

        def produce() -> Response:
            version = publish_draft(template, number, request.user)
            return Response(ChecklistAnswer.of(version))

        return once(request, produce)


@method_decorator(gate("export", "GET"), name="get")
class ReviewMarkdown(APIView):
    """A review as Markdown: ticks, states, evidence and signatures filled in."""

    access = READS

    @extend_schema(operation_id="readiness_review_markdown", responses=MARKDOWN)
    def get(self, request: ApiRequest, review: UUID) -> HttpResponse:
        check_query(request)
        check_export(request)
        today = board(find_review(review), timezone.now())
        file = markdown_file(
            review_markdown(today, progress(today)), f"review-{review}"
        )
        return told_at(file, as_of(today))


@method_decorator(gate("export", "GET"), name="get")
class TemplateMarkdown(APIView):
    """The document as imported, byte for byte after repair."""

    access = READS

    @extend_schema(operation_id="readiness_template_markdown", responses=MARKDOWN)
    def get(self, request: ApiRequest, template: int, number: int) -> HttpResponse:
        check_query(request)
        check_export(request)
        version = queries.numbered(template, number)
        response = markdown_file(
            bytes(version.source), f"{version.template.slug}-v{version.number}"
        )
        response["ETag"] = f'"{version.sha256}"'
        return response
