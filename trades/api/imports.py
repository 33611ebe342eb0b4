"""Files of trades for clients."""

from __future__ import annotations

from uuid import UUID

from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.inputs import read_nothing
from kernel.requests import ApiRequest, check_query, limit_of
from kernel.uploads import IMPORT_BYTES
from trades.answers.imports import ImportAnswer, ImportList, ImportSummary
from trades.forms.imports import ImportRequest
from trades.inputs import (
    ConsentInput,
    ImportInput,
    VoidInput,
    amended_fields,
    consent_of,
)
from trades.models import ImportBatch
from trades.queries.books import BOOKS
from trades.queries.imports import imports_page
from trades.services import imports
from trades.services.importing import import_for
from trades.services.previewing import check_size
from trades.services.staging import is_small, staged
from trades.services.undoing import undo

OWN_IMPORTS = Access("trading.own", objects="own imports")


class ImportView(APIView):
    """Import a file of trades, whole or not at all; with dry_run it is only looked at.
    One of more than 1,000 rows is answered 202 and read by a job."""

    access = BOOKS
    parser_classes = [MultiPartParser]
    most_bytes = IMPORT_BYTES

    @extend_schema(
        operation_id="trades_import",
        request={"multipart/form-data": ImportInput},
        responses={200: ImportAnswer, 201: ImportAnswer, 202: ImportAnswer},
        extensions={"x-located": ["202"]},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._import(request))

    def _import(self, request: ApiRequest) -> Response:
        form = ImportRequest(request._request.POST, request._request.FILES)
        dry_run = form.check()["dry_run"]
        check_size(form.upload.size or 0)
        if not is_small(form.upload):
            return self._submitted(request, form, dry_run)
        if dry_run:
            preview = imports.look_for(form.source(), request.user)
            return Response(ImportAnswer.of_preview(preview))
        result = import_for(form.source(), request.user, form.consent())
        status = 201 if result.batch else 200
        return Response(ImportAnswer.of_result(result), status=status)

    def _submitted(
        self, request: ApiRequest, form: ImportRequest, dry_run: bool
    ) -> Response:
        batch = imports.submit(
            form.source(read=False),
            form.upload.chunks(),
            request.user,
            form.consent(),
            dry_run=dry_run,
        )
        where = reverse("trades-api:import-batch", args=[batch.pk])
        return Response(
            ImportAnswer.of_batch(batch), status=202, headers={"Location": where}
        )


class ImportsView(APIView):
    """Your imports, newest first."""

    access = OWN_IMPORTS

    @extend_schema(
        operation_id="trades_imports", parameters=PAGE_PARAMETERS, responses=ImportList
    )
    def get(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request, "limit", "cursor")
        page = imports_page(
            request.user,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = ImportList(
            imports=[ImportSummary.of(batch) for batch in page.rows],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)


class ImportBatchView(APIView):
    """How far an import of one's own is."""

    access = OWN_IMPORTS

    @extend_schema(operation_id="trades_import_state", responses=ImportAnswer)
    def get(self, request: ApiRequest, pk: UUID) -> Response:
        check_query(request)
        return _answer(staged(pk, request.user))


class ImportCommitView(APIView):
    """Books a preview: 200 when it is booked, 202 when the job will."""

    access = OWN_IMPORTS

    @extend_schema(
        operation_id="trades_import_commit",
        request=ConsentInput,
        responses={200: ImportAnswer, 202: ImportAnswer},
    )
    def post(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._commit(request, pk))

    def _commit(self, request: ApiRequest, pk: UUID) -> Response:
        batch = staged(pk, request.user)
        imports.commit(batch, request.user, consent_of(request.data))
        return _answer(batch)


class ImportCancelView(APIView):
    """Gives up a file of which nothing is booked, or its undoing while nothing is
    out; 409 once something is."""

    access = OWN_IMPORTS

    @extend_schema(
        operation_id="trades_import_cancel", request=None, responses=ImportAnswer
    )
    def post(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        check_query(request)
        read_nothing(request)

        def produce() -> Response:
            batch = staged(pk, request.user)
            imports.cancel(batch)
            return _answer(batch)

        return once(request, produce)


class ImportUndoView(APIView):
    """Takes a booked file out of its book; it may be imported anew. A larger one is
    `undoing` (202): its facts count until the job lets them go, and `cancel` calls it
    back until they are on their way."""

    access = OWN_IMPORTS

    @extend_schema(
        operation_id="trades_import_undo",
        request=VoidInput,
        responses={200: ImportAnswer, 202: ImportAnswer},
    )
    def post(self, request: ApiRequest, pk: UUID) -> HttpResponseBase:
        check_query(request)
        reason, _ = amended_fields(request.data, VoidInput)

        def produce() -> Response:
            batch = staged(pk, request.user)
            undo(batch, reason, request.user)
            return _answer(batch)

        return once(request, produce)


def _answer(batch: ImportBatch) -> Response:
    working = batch.state in (ImportBatch.State.COMMITTING, ImportBatch.State.UNDOING)
    return Response(ImportAnswer.of_batch(batch), status=202 if working else 200)
