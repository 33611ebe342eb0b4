"""Prices and splits for clients: read, posted, voided and corrected."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import BadRequest
from kernel.requests import ApiRequest, check_query, choice_of, limit_of
from trades.answers.market import (
    PriceAnswer,
    PriceList,
    PricesStored,
    SplitAnswer,
    SplitList,
    price_answers,
    split_answers,
)
from trades.domain.market_reading import (
    PRICE_FIELDS,
    SPLIT_FIELDS,
    read_price_change,
    read_reason,
    read_split,
    read_split_change,
)
from trades.domain.reading import SCOPES, read_price
from trades.inputs import (
    CorrectPriceInput,
    CorrectSplitInput,
    NewPriceInput,
    NewPricesInput,
    NewSplitInput,
    ReasonInput,
    one_or_many,
    one_row,
)
from trades.models import Price, Split
from trades.queries.market import (
    MARKET,
    MarketFilter,
    market_page,
)
from trades.services.mending_prices import correct_price, void_price
from trades.services.prices import set_prices
from trades.services.splits import correct_split, record_split, void_split

FILTERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter("symbol", str, description="this symbol alone"),
    OpenApiParameter("scope", str, enum=SCOPES, description="own or the desk's"),
]


class PricesView(APIView):
    access = MARKET

    @extend_schema(operation_id="prices_list", parameters=FILTERS, responses=PriceList)
    def get(self, request: Request) -> HttpResponseBase:
        """Prices and exchange rates as they were quoted, newest first. An own one
        counts for the books of its author, the desk's for every book."""
        check_query(request, "limit", "cursor", "symbol", "scope")
        page = market_page(
            Price.objects.all(),
            request.user,
            market_filter(request),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = PriceList(
            prices=price_answers(page.rows, request.user),
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="prices_set",
        request=NewPricesInput,
        responses={201: PricesStored, 200: PricesStored},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Keep prices. One that is there already is not stored twice."""
        check_query(request)
        return once(request, lambda: self._set(request))

    def _set(self, request: ApiRequest) -> Response:
        given = one_or_many(request.data, "prices", NewPriceInput)
        if not given.noun:
            raise BadRequest("Send {prices: [...]}.", code="malformed")
        now = timezone.now()
        new = given.read(lambda row: read_price(row, now=now, source="api"))
        prices, count = set_prices(new, request.user)
        answer = PricesStored(prices=count, stored=price_answers(prices, request.user))
        return Response(answer, status=201 if count else 200)


class PriceVoidView(APIView):
    """A price that was wrong counts no more; the row stays, with who and why."""

    access = MARKET

    @extend_schema(
        operation_id="prices_void", request=ReasonInput, responses=PriceAnswer
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._void(request, pk))

    def _void(self, request: ApiRequest, pk: int) -> Response:
        [reason] = one_row(request.data, ReasonInput).read(read_reason)
        price = void_price(pk, reason, request.user)
        return Response(price_answers([price], request.user)[0])


class PriceCorrectView(APIView):
    """Another price in the place of one; what is not sent stays as it was."""

    access = MARKET

    @extend_schema(
        operation_id="prices_correct",
        request=CorrectPriceInput,
        responses={201: PriceAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._correct(request, pk))

    def _correct(self, request: ApiRequest, pk: int) -> Response:
        body, now = one_row(request.data, CorrectPriceInput), timezone.now()
        [reason] = body.read(lambda row: read_reason(row, *PRICE_FIELDS))
        price = correct_price(
            pk,
            lambda old: body.read(lambda row: read_price_change(row, old, now=now))[0],
            reason,
            request.user,
        )
        return Response(price_answers([price], request.user)[0], status=201)


class SplitsView(APIView):
    access = MARKET

    @extend_schema(operation_id="splits_list", parameters=FILTERS, responses=SplitList)
    def get(self, request: Request) -> HttpResponseBase:
        """Splits of instruments, newest first."""
        check_query(request, "limit", "cursor", "symbol", "scope")
        page = market_page(
            Split.objects.all(),
            request.user,
            market_filter(request),
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = SplitList(
            splits=split_answers(page.rows, request.user),
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="splits_record",
        request=NewSplitInput,
        responses={201: SplitAnswer, 200: SplitAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Record a split of an instrument. Lots, marks, curves and rates follow it."""
        check_query(request)
        return once(request, lambda: self._record(request))

    def _record(self, request: ApiRequest) -> Response:
        now = timezone.now()
        body = one_row(request.data, NewSplitInput)
        [new] = body.read(lambda row: read_split(row, now=now))
        split, fresh = record_split(new, request.user)
        status = 201 if fresh else 200
        return Response(split_answers([split], request.user)[0], status=status)


class SplitVoidView(APIView):
    """A split that never was: every book that it counted in is matched again."""

    access = MARKET

    @extend_schema(
        operation_id="splits_void", request=ReasonInput, responses=SplitAnswer
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._void(request, pk))

    def _void(self, request: ApiRequest, pk: int) -> Response:
        [reason] = one_row(request.data, ReasonInput).read(read_reason)
        split = void_split(pk, reason, request.user)
        return Response(split_answers([split], request.user)[0])


class SplitCorrectView(APIView):
    """Another split in the place of one; what is not sent stays as it was."""

    access = MARKET

    @extend_schema(
        operation_id="splits_correct",
        request=CorrectSplitInput,
        responses={201: SplitAnswer},
    )
    def post(self, request: ApiRequest, pk: int) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._correct(request, pk))

    def _correct(self, request: ApiRequest, pk: int) -> Response:
        body, now = one_row(request.data, CorrectSplitInput), timezone.now()
        [reason] = body.read(lambda row: read_reason(row, *SPLIT_FIELDS))
        split = correct_split(
            pk,
            lambda old: body.read(lambda row: read_split_change(row, old, now=now))[0],
            reason,
            request.user,
        )
        return Response(split_answers([split], request.user)[0], status=201)


def market_filter(request: Request) -> MarketFilter:
    return MarketFilter(
        symbol=request.query_params.get("symbol", "").strip(),
        scope=choice_of(request, "scope", SCOPES),
    )
