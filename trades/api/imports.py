"""Files of trades for clients."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.requests import ApiRequest, check_query
from trades.answers.imports import ImportAnswer
from trades.forms import ImportRequest
from trades.inputs import ImportInput
from trades.queries.books import BOOKS
from trades.services.importing import import_for
from trades.services.previewing import check_size, look_for


class ImportView(APIView):
    """A whole file: looked at with dry_run, else booked whole or not at all."""

    access = BOOKS
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="trades_import",
        request={"multipart/form-data": ImportInput},
        responses={200: ImportAnswer, 201: ImportAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._import(request))

    def _import(self, request: ApiRequest) -> Response:
        form = ImportRequest(request._request.POST, request._request.FILES)
        given = form.check()
        check_size(given["file"].size)
        source = form.source()
        if given["dry_run"]:
            return Response(ImportAnswer.of_preview(look_for(source, request.user)))
        result = import_for(source, request.user)
        status = 201 if result.batch else 200
        return Response(ImportAnswer.of_result(result), status=status)
