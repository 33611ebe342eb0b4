"""Transfers and stated balances for clients: each is booked by one POST."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.requests import ApiRequest, check_query
from trades.answers.facts import BalanceAnswer, TransferAnswer
from trades.domain.reading import read_balance, read_transfer
from trades.inputs import (
    NewBalanceInput,
    NewTransferInput,
    one_row,
)
from trades.queries.books import BOOKS
from trades.services.statements import state_balance
from trades.services.transfers import book_transfers


class TransfersView(APIView):
    """Movements of cash or instruments."""

    access = BOOKS

    @extend_schema(
        operation_id="transfers_book",
        request=NewTransferInput,
        responses={201: TransferAnswer, 200: TransferAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._book(request))

    def _book(self, request: ApiRequest) -> Response:
        now = timezone.now()
        new = one_row(request.data).read(lambda row: read_transfer(row, now=now))
        transfers, fresh = book_transfers(new, request.user)
        status = 201 if fresh else 200
        return Response(TransferAnswer.of(transfers[0]), status=status)


class BalancesView(APIView):
    """What an exchange or a bank says that a book holds."""

    access = BOOKS

    @extend_schema(
        operation_id="balances_state",
        request=NewBalanceInput,
        responses={201: BalanceAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._state(request))

    def _state(self, request: ApiRequest) -> Response:
        now = timezone.now()
        new = one_row(request.data).read(lambda row: read_balance(row, now=now))
        statement = state_balance(new[0], request.user)
        return Response(BalanceAnswer.of(statement), status=201)
