"""Transfers, prices and stated balances for clients: each is booked by one POST."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.errors import BadRequest
from kernel.requests import ApiRequest, check_query
from trades.answers.facts import BalanceAnswer, PricesStored, TransferAnswer
from trades.domain.reading import read_balance, read_price, read_transfer
from trades.inputs import (
    NewBalanceInput,
    NewPricesInput,
    NewTransferInput,
    one_or_many,
    one_row,
)
from trades.queries.books import BOOKS
from trades.services.prices import set_prices
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


class PricesView(APIView):
    """Prices and exchange rates; the newest of a symbol is its mark."""

    access = BOOKS

    @extend_schema(
        operation_id="prices_set",
        request=NewPricesInput,
        responses={201: PricesStored},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._set(request))

    def _set(self, request: ApiRequest) -> Response:
        given = one_or_many(request.data, "prices")
        if not given.noun:
            raise BadRequest("Send {prices: [...]}.", code="malformed")
        now = timezone.now()
        new = given.read(lambda row: read_price(row, now=now, source="api"))
        count = set_prices(new, request.user)
        return Response(PricesStored(prices=count), status=201 if count else 200)


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
