"""Transfers and stated balances for clients: each is booked by one POST."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.access import Access
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.requests import ApiRequest, check_query, choice_of, limit_of
from trades.answers.facts import (
    BalanceAnswer,
    BalanceList,
    TransferAnswer,
    TransferList,
    balance_answers,
)
from trades.domain.market_reading import (
    BALANCE_FIELDS,
    read_balance_change,
    read_reason,
)
from trades.domain.reading import TRANSFER_KINDS, read_balance, read_transfer
from trades.inputs import (
    CorrectBalanceInput,
    NewBalanceInput,
    NewTransferInput,
    ReasonInput,
    one_row,
)
from trades.models import BalanceStatement
from trades.queries.books import BOOKS
from trades.queries.statements import StatementFilter, statement_page
from trades.queries.transfers import TransferFilter, told, transfer_page
from trades.services.between_books import book_between
from trades.services.statements import (
    correct_balance,
    state_balance,
    void_balance,
)
from trades.services.transfers import book_transfers

TRANSFER_FILTERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter("book", str, description="id or name"),
    OpenApiParameter("asset", str, description="a currency or coin, such as USD"),
    OpenApiParameter("kind", str, enum=TRANSFER_KINDS, description="only of this kind"),
    OpenApiParameter("external_id", str, description="the one with this id"),
]
BALANCE_FILTERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter("book", str, description="id or name"),
    OpenApiParameter("asset", str, description="a currency or coin, such as USD"),
]

MENDING = Access("trading.own", objects="own books")


class TransfersView(APIView):
    access = BOOKS

    @extend_schema(
        operation_id="transfers_list",
        parameters=TRANSFER_FILTERS,
        responses=TransferList,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Movements of cash or instruments, newest first."""
        check_query(request, "limit", "cursor", "book", "asset", "kind", "external_id")
        query = request.query_params
        page = transfer_page(
            request.user,
            TransferFilter(
                book=query.get("book", ""),
                asset=query.get("asset", ""),
                kind=choice_of(request, "kind", TRANSFER_KINDS),
                external_id=query.get("external_id", ""),
            ),
            limit=limit_of(request),
            cursor=query.get("cursor", ""),
        )
        answer = TransferList(
            transfers=[TransferAnswer.of(row) for row in told(page.rows)],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="transfers_book",
        request=NewTransferInput,
        responses={201: TransferAnswer, 200: TransferAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Book a movement of cash or instruments. The same external id with the same
        content is answered 200 again."""
        check_query(request)
        return once(request, lambda: self._book(request))

    def _book(self, request: ApiRequest) -> Response:
        now = timezone.now()
        body = one_row(request.data, NewTransferInput)
        [new] = body.read(lambda row: read_transfer(row, now=now))
        if new.to_book:
            transfer, fresh = book_between(new, request.user)
        else:
            [transfer], fresh = book_transfers([new], request.user)
        [row] = told([transfer])
        return Response(TransferAnswer.of(row), status=201 if fresh else 200)


class BalancesView(APIView):
    access = BOOKS

    @extend_schema(
        operation_id="balances_list",
        parameters=BALANCE_FILTERS,
        responses=BalanceList,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """What exchanges and banks said that a book holds, newest first."""
        check_query(request, "limit", "cursor", "book", "asset")
        query = request.query_params
        page = statement_page(
            request.user,
            StatementFilter(book=query.get("book", ""), asset=query.get("asset", "")),
            limit=limit_of(request),
            cursor=query.get("cursor", ""),
        )
        answer = BalanceList(
            balances=balance_answers(page.rows, request.user),
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="balances_state",
        request=NewBalanceInput,
        responses={201: BalanceAnswer, 200: BalanceAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """State what an exchange or a bank says that a book holds. It is compared with
        what is booked, and changes nothing of that."""
        check_query(request)
        return once(request, lambda: self._state(request))

    def _state(self, request: ApiRequest) -> Response:
        now = timezone.now()
        body = one_row(request.data, NewBalanceInput)
        [new] = body.read(lambda row: read_balance(row, now=now))
        statement, fresh = state_balance(new, request.user)
        return Response(_told(statement, request), status=201 if fresh else 200)


class BalanceVoidView(APIView):
    """A balance that was stated wrongly counts no more; the row stays, with who and
    why."""

    access = MENDING

    @extend_schema(
        operation_id="balances_void", request=ReasonInput, responses=BalanceAnswer
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._void(request, pk))

    def _void(self, request: ApiRequest, pk: int) -> Response:
        [reason] = one_row(request.data, ReasonInput).read(read_reason)
        return Response(_told(void_balance(pk, reason, request.user), request))


class BalanceCorrectView(APIView):
    """Another balance in the place of one; what is not sent stays as it was."""

    access = MENDING

    @extend_schema(
        operation_id="balances_correct",
        request=CorrectBalanceInput,
        responses={201: BalanceAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._correct(request, pk))

    def _correct(self, request: ApiRequest, pk: int) -> Response:
        body, now = one_row(request.data, CorrectBalanceInput), timezone.now()
        [reason] = body.read(lambda row: read_reason(row, *BALANCE_FIELDS))
        statement = correct_balance(
            pk,
            lambda old: body.read(lambda row: read_balance_change(row, old, now=now))[
                0
            ],
            reason,
            request.user,
        )
        return Response(_told(statement, request), status=201)


def _told(statement: BalanceStatement, request: ApiRequest) -> BalanceAnswer:
    return balance_answers([statement], request.user)[0]
