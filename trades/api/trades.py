"""Trades for clients: the list, one of them, and booking."""

from __future__ import annotations

from datetime import datetime

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.errors import NotFound
from kernel.numbers import whole_number
from kernel.paging import PAGE_PARAMETERS, link_headers
from kernel.requests import ApiRequest, bad_parameter, check_query, limit_of
from trades.answers.trades import (
    BookedTrades,
    TradeAnswer,
    TradeDetailAnswer,
    TradeList,
)
from trades.api.common import answered
from trades.domain.ordering import numbered
from trades.domain.reading import read_fill
from trades.inputs import NewTradeInput, NewTradesInput, one_or_many
from trades.models import LISTED, Fill
from trades.queries.books import BOOKS
from trades.queries.trades import (
    TradeFilter,
    log_of,
    realised_by,
    time_bound,
    trade_detail,
    trade_page,
)
from trades.services.fills import book_fills

FILTERS = ("symbol", "side", "strategy", "book", "status", "external_id", "q")
WHERE = ("limit", "cursor", "before", "offset", "from", "to", "known_at")
LIST_PARAMETERS = (*WHERE, *FILTERS)
CHOICES = {"side": Fill.Side.values, "status": [status.value for status in LISTED]}
DEEPEST = 10_000

PARAMETERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter("before", str, description="prev_cursor: the newer page"),
    OpenApiParameter("offset", int, description="up to 10,000, for old clients"),
    OpenApiParameter("from", str, description="executed at or after; date or time"),
    OpenApiParameter("to", str, description="executed before; a date includes its day"),
    OpenApiParameter(
        "known_at", str, description="what stood then, and what it realised"
    ),
    *(OpenApiParameter(name, str) for name in FILTERS),
]


def chosen_trades(request: Request) -> TradeFilter:
    """The filters of a query. Raises BadRequest naming the parameter."""
    given = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    for name, allowed in CHOICES.items():
        if given[name] and given[name] not in allowed:
            raise bad_parameter(name, f"is one of {', '.join(allowed)}")
    return TradeFilter(
        **given,
        start=_bound(request, "from"),
        end=_bound(request, "to", end=True),
        known_at=_bound(request, "known_at"),
    )


def _bound(request: Request, name: str, *, end: bool = False) -> datetime | None:
    value = request.query_params.get(name, "")
    try:
        return time_bound(value, end=end) if value else None
    except (ValueError, OverflowError) as error:
        raise bad_parameter(name, str(error)) from None


def _offset(request: Request) -> int:
    given = whole_number(request.query_params.get("offset", "0"))
    if given is None or given > DEEPEST:
        raise bad_parameter(
            "offset", f"is 0 to {DEEPEST:,}; follow next_cursor instead"
        )
    return given


class TradesView(APIView):
    """Fills of the books you may read, newest first; booking new ones in your own."""

    access = BOOKS

    @extend_schema(
        operation_id="trades_list", parameters=PARAMETERS, responses=TradeList
    )
    def get(self, request: Request) -> HttpResponseBase:
        check_query(request, *LIST_PARAMETERS)
        limit = limit_of(request)
        page = trade_page(
            request.user,
            chosen_trades(request),
            limit=limit,
            cursor=request.query_params.get("cursor", ""),
            before=request.query_params.get("before", ""),
            offset=_offset(request),
        )
        answer = TradeList.of(page, limit, timezone.now())
        return answered(request, answer, link_headers(request, page.older))

    @extend_schema(
        operation_id="trades_book",
        request=PolymorphicProxySerializer(
            "NewTradeOrTrades",
            [NewTradeInput, NewTradesInput],
            resource_type_field_name=None,
        ),
        parameters=[OpenApiParameter("Idempotency-Key", str, "header")],
        responses={201: TradeAnswer, 200: TradeAnswer},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._book(request))

    def _book(self, request: ApiRequest) -> Response:
        now = timezone.now()
        given = one_or_many(request.data, "trades")
        new = numbered(given.read(lambda row: read_fill(row, now=now)))
        booked = book_fills(new, request.user)
        realised = realised_by([fill.pk for fill in booked.fills])
        trades = [TradeAnswer.of(fill, realised.get(fill.pk)) for fill in booked.fills]
        status = 201 if booked.new else 200
        if given.noun:
            return Response(BookedTrades(trades=trades), status=status)
        location = reverse("trades-api:trade", args=[trades[0].id])
        return Response(trades[0], status=status, headers={"Location": location})


class TradeView(APIView):
    """One trade with its decision, lots, matches and audit entries."""

    access = BOOKS

    @extend_schema(operation_id="trade_read", responses=TradeDetailAnswer)
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        check_query(request)
        detail = trade_detail(request.user, pk)
        if detail is None:
            raise NotFound("There is no such trade that you may see.", code="trade")
        return answered(request, TradeDetailAnswer.telling(detail, log_of(detail)))
