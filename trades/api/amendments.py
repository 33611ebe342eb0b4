"""Voids and corrections for clients."""

from __future__ import annotations

from collections.abc import Callable

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.errors import NotFound
from kernel.requests import ApiRequest, check_query
from trades.answers.facts import TransferAnswer
from trades.answers.trades import TradeDetailAnswer
from trades.inputs import (
    CorrectTradeInput,
    CorrectTransferInput,
    VoidInput,
    amended_fields,
)
from trades.models import Transfer
from trades.queries.trades import log_of, trade_detail
from trades.queries.transfers import told
from trades.services.amending import (
    Amendment,
    correct_fill,
    correct_transfer,
    void_fill,
    void_transfer,
)


class _AmendmentView(APIView):
    """One POST does it once: 200 when all that follows is done, 202 where a job has
    yet to match again."""

    access = Access("trading.own", objects="own books")

    def _once(
        self, request: ApiRequest, amend: Callable[[], Amendment]
    ) -> HttpResponseBase:
        check_query(request)

        def answered() -> Response:
            amendment = amend()
            status = 200 if amendment.matched else 202
            return Response(self._answer(request, amendment), status=status)

        return once(request, answered)

    def _answer(
        self, request: ApiRequest, amendment: Amendment
    ) -> TradeDetailAnswer | TransferAnswer:
        fact = amendment.fact
        if isinstance(fact, Transfer):
            return TransferAnswer.of(told([fact])[0])
        detail = trade_detail(request.user, fact.pk)
        if detail is None:
            raise NotFound("There is no such trade that you may see.", code="trade")
        return TradeDetailAnswer.telling(detail, log_of(detail))


class VoidTradeView(_AmendmentView):
    """Take a trade out of everything that follows from it; it stays visible."""

    @extend_schema(
        operation_id="trade_void",
        request=VoidInput,
        responses={200: TradeDetailAnswer, 202: TradeDetailAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        reason, _ = amended_fields(request.data, VoidInput)
        return self._once(request, lambda: void_fill(pk, reason, request.user))


class CorrectTradeView(_AmendmentView):
    """Put corrected values in a trade's place: all but book and external id may
    change. It keeps its place among the trades of its time."""

    @extend_schema(
        operation_id="trade_correct",
        request=CorrectTradeInput,
        responses={200: TradeDetailAnswer, 202: TradeDetailAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        reason, fields = amended_fields(request.data, CorrectTradeInput)
        return self._once(
            request, lambda: correct_fill(pk, fields, reason, request.user)
        )


class VoidTransferView(_AmendmentView):
    """Take a transfer out of everything that follows from it."""

    @extend_schema(
        operation_id="transfer_void",
        request=VoidInput,
        responses={200: TransferAnswer, 202: TransferAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        reason, _ = amended_fields(request.data, VoidInput)
        return self._once(request, lambda: void_transfer(pk, reason, request.user))


class CorrectTransferView(_AmendmentView):
    """Put corrected values in a transfer's place: all but book and external id."""

    @extend_schema(
        operation_id="transfer_correct",
        request=CorrectTransferInput,
        responses={200: TransferAnswer, 202: TransferAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        reason, fields = amended_fields(request.data, CorrectTransferInput)
        return self._once(
            request, lambda: correct_transfer(pk, fields, reason, request.user)
        )
