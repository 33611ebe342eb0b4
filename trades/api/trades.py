"""Trades for clients: the list, one of them, and booking."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import NotFound, bad_parameter
from kernel.numbers import whole_number
from kernel.requests import ApiRequest, check_query, limit_of
from trades.answers.trades import (
    BookedTrades,
    TradeAnswer,
    TradeDetailAnswer,
    TradeList,
)
from trades.domain.ordering import numbered
from trades.domain.reading import read_fill
from trades.inputs import NewTradeInput, NewTradesInput, one_or_many
from trades.models import LISTED, Fill
from trades.queries.books import BOOKS
from trades.queries.known_times import known_time
from trades.queries.listed import listed_fill
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
PLACES = ("cursor", "before", "offset")

PARAMETERS = [
    *PAGE_PARAMETERS,
    OpenApiParameter("before", str, description="prev_cursor: the newer page"),
    OpenApiParameter(
        "offset",
        {"type": "integer", "minimum": 0, "maximum": DEEPEST, "default": 0},
        description="up to 10,000, for old clients",
    ),
    OpenApiParameter("from", str, description="executed at or after; date or time"),
    OpenApiParameter("to", str, description="executed before; a date includes its day"),
    OpenApiParameter(
        "known_at", str, description="what stood then, and what it realised"
    ),
    OpenApiParameter("symbol", str, description="this symbol alone, such as BTC-USD"),
    OpenApiParameter("side", str, enum=CHOICES["side"], description="bought or sold"),
    OpenApiParameter("strategy", str, description="of this strategy"),
    OpenApiParameter("book", str, description="id or name"),
    OpenApiParameter(
        "status", str, enum=CHOICES["status"], description="only in this state"
    ),
    OpenApiParameter("external_id", str, description="the ones with this id"),
    OpenApiParameter("q", str, description="part of an id or a note"),
]

ANSWERS: list[Any] = [TradeAnswer, BookedTrades]  # dataclasses describe themselves
ONE_OR_MANY = PolymorphicProxySerializer(
    "BookedTradeOrTrades", ANSWERS, resource_type_field_name=None
)


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
        known_at=known_time(request.query_params.get("known_at", ""), timezone.now()),
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


def _check_place(request: Request) -> None:
    """A page begins at one place: no two of these mean one together."""
    given = [name for name in PLACES if request.query_params.get(name, "")]
    given = [name for name in given if name != "offset" or _offset(request)]
    if len(given) > 1:
        raise bad_parameter(given[1], f"cannot come together with {given[0]}")


class TradesView(APIView):
    access = BOOKS

    @extend_schema(
        operation_id="trades_list", parameters=PARAMETERS, responses=TradeList
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Fills of the books that you may read, newest first."""
        check_query(request, *LIST_PARAMETERS)
        _check_place(request)
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
        return page_response(request, answer)

    @extend_schema(
        operation_id="trades_book",
        request=PolymorphicProxySerializer(
            "NewTradeOrTrades",
            [NewTradeInput, NewTradesInput],
            resource_type_field_name=None,
        ),
        responses={201: ONE_OR_MANY, 200: ONE_OR_MANY},
        extensions={"x-located": ["200", "201"]},
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Book one fill, or up to 1,000 at once, in books of your own. An external id
        that is booked with the same content is answered 200, with other content it is a
        409 and nothing is booked."""
        check_query(request)
        return once(request, lambda: self._book(request))

    def _book(self, request: ApiRequest) -> Response:
        now = timezone.now()
        given = one_or_many(request.data, "trades", NewTradeInput)
        new = numbered(given.read(lambda row: read_fill(row, now=now)))
        booked = book_fills(new, request.user)
        realised = realised_by([fill.pk for fill in booked.fills])
        trades = [
            TradeAnswer.of(listed_fill(fill), realised.get(fill.pk))
            for fill in booked.fills
        ]
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
        return Response(TradeDetailAnswer.telling(detail, log_of(detail)))
