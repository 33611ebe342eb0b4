"""Trades, books, transfers, prices and balances for clients: parse, ask, answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.services.idempotency import once
from audit import queries as audit
from kernel.api import check_query, dumps, limit_of, list_response
from kernel.errors import BadRequest, FieldError, Invalid, NotFound
from kernel.registry import actor_names
from kernel.web import not_modified
from trades import serializers
from trades.domain import reading
from trades.domain.ordering import numbered
from trades.domain.reading import NotAFact
from trades.queries.books import BOOKS, books_page
from trades.queries.trades import (
    TradeFilter,
    realised_by,
    time_bound,
    trade_detail,
    trade_page,
)
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.importing import import_for
from trades.services.previewing import Source, check_size, look_for
from trades.services.prices import set_prices
from trades.services.statements import state_balance
from trades.services.transfers import book_transfers

FILTERS = ("symbol", "side", "strategy", "book", "status", "external_id", "q")
LIST_PARAMETERS = ("limit", "cursor", "before", "offset", "from", "to", *FILTERS)
DEEPEST = 10_000
MOST = 1000
New = TypeVar("New")

PARAMETERS = [
    OpenApiParameter("limit", int, description="1 to 500, default 50"),
    OpenApiParameter("cursor", str, description="next_cursor: the older page"),
    OpenApiParameter("before", str, description="prev_cursor: the newer page"),
    OpenApiParameter("offset", int, description="up to 10,000, for old clients"),
    OpenApiParameter("from", str, description="executed at or after; date or time"),
    OpenApiParameter("to", str, description="executed before; a date includes its day"),
    *(OpenApiParameter(name, str) for name in FILTERS),
]


def person(request: Request) -> User:
    """Who writes; the view's access has let only people in."""
    assert isinstance(request.user, User)
    return request.user


def wanted(request: Request) -> TradeFilter:
    """The filters of a query. Raises BadRequest naming the parameter."""
    given = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    for name, allowed in (
        ("side", ("buy", "sell")),
        ("status", ("booked", "corrected", "voided")),
    ):
        if given[name] and given[name] not in allowed:
            raise _bad(name, f"is one of {', '.join(allowed)}")
    return TradeFilter(
        **given, start=_bound(request, "from"), end=_bound(request, "to", end=True)
    )


def _bound(request: Request, name: str, *, end: bool = False) -> datetime | None:
    value = request.query_params.get(name, "")
    try:
        return time_bound(value, end=end) if value else None
    except (ValueError, OverflowError) as error:
        raise _bad(name, str(error)) from None


def _offset(request: Request) -> int:
    given = request.query_params.get("offset", "0")
    if not given.isdecimal() or int(given) > DEEPEST:
        raise _bad("offset", f"is 0 to {DEEPEST:,}; follow next_cursor instead")
    return int(given)


def _bad(name: str, words: str) -> BadRequest:
    return BadRequest(
        f"{name} {words}.",
        code="parameter",
        errors=[FieldError(f"?{name}", "invalid", words)],
    )


def _answer(request: Request, data: Mapping[str, object]) -> HttpResponseBase:
    """The data with an ETag of its content (its timestamp aside), or a 304."""
    content = {name: value for name, value in data.items() if name != "timestamp"}
    etag = hashlib.sha256(dumps(content)).hexdigest()[:24]
    raw: HttpRequest = request._request
    held = not_modified(raw, etag)
    if held is not None:
        return held
    response = HttpResponse(dumps(data), content_type="application/json")
    response["ETag"] = f'W/"{etag}"'
    return response


def _read(
    rows: Sequence[Any], read: Callable[[Mapping[str, Any]], New], noun: str
) -> list[New]:
    """Every row read; all faults of all rows in one Invalid, with pointers."""
    found: list[New] = []
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        where = f"/{noun}/{index}" if noun else ""
        if not isinstance(row, dict):
            raise BadRequest(
                "Each must be a JSON object.",
                code="malformed",
                errors=[FieldError(where or "/", "object", "is no object")],
            )
        try:
            found.append(read(row))
        except NotAFact as error:
            errors.extend(
                FieldError(f"{where}{one.pointer}", one.code, one.detail)
                for one in error.errors
            )
    if errors:
        words = "; ".join(
            f"{one.pointer.strip('/')}: {one.detail}" for one in errors[:3]
        )
        raise Invalid(words, code="invalid", errors=errors[:100])
    return found


def _many(body: Any, noun: str) -> Sequence[Any] | None:
    """The rows of {noun: [...]}, None for a single object. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.", code="malformed")
    if noun not in body:
        return None
    rows = body[noun]
    if set(body) != {noun} or not isinstance(rows, list) or not 1 <= len(rows) <= MOST:
        raise BadRequest(
            f"{noun} must be a list of 1 to {MOST:,} and stand alone.",
            code="malformed",
            errors=[FieldError(f"/{noun}", "list", f"1 to {MOST}")],
        )
    return rows


class Trades(APIView):
    """Fills of the books you may read, newest first; booking new ones in your own."""

    access = BOOKS

    @extend_schema(
        operation_id="trades_list",
        parameters=PARAMETERS,
        responses=serializers.TradeListSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        check_query(request, *LIST_PARAMETERS)
        limit = limit_of(request)
        page = trade_page(
            request.user,
            wanted(request),
            limit=limit,
            cursor=request.query_params.get("cursor", ""),
            before=request.query_params.get("before", ""),
            offset=_offset(request),
        )
        rows = [
            serializers.trade(fill, page.realised.get(fill.pk)) for fill in page.trades
        ]
        response = _answer(
            request,
            {
                "trades": rows,
                "limit": limit,
                "next_cursor": page.older,
                "prev_cursor": page.newer,
                "timestamp": timezone.now(),
            },
        )
        if page.older and response.status_code == 200:
            linked = list_response(request, "trades", [], page.older)
            response["Link"] = linked["Link"]
        return response

    @extend_schema(
        operation_id="trades_book",
        request=PolymorphicProxySerializer(
            "NewTradeOrTrades",
            [serializers.NewTradeSerializer, serializers.NewTradesSerializer],
            resource_type_field_name=None,
        ),
        parameters=[OpenApiParameter("Idempotency-Key", str, "header")],
        responses={
            201: serializers.TradeSerializer,
            200: serializers.TradeSerializer,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._book(request))

    def _book(self, request: Request) -> Response:
        many = _many(request.data, "trades")
        now = timezone.now()
        rows = [request.data] if many is None else many
        new = _read(
            rows,
            lambda row: reading.read_fill(row, now=now),
            "" if many is None else "trades",
        )
        new = numbered(new)
        booked = book_fills(new, person(request))
        realised = realised_by([fill.pk for fill in booked.fills])
        shown = [
            serializers.trade(fill, realised.get(fill.pk)) for fill in booked.fills
        ]
        status = 201 if booked.new else 200
        if many is None:
            headers = {"Location": f"/api/trades/{shown[0]['id']}"}
            return Response(shown[0], status=status, headers=headers)
        return Response({"trades": shown, "next_cursor": None}, status=status)


class Trade(APIView):
    """One trade with its decision, lots, matches and audit entries."""

    access = BOOKS

    @extend_schema(
        operation_id="trade_read", responses=serializers.TradeDetailSerializer
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        check_query(request)
        found = trade_detail(request.user, pk)
        if found is None:
            raise NotFound("There is no such trade that you may see.", code="trade")
        events = audit.about(found.audit_objects, 20)
        names = actor_names({event.actor for event in events})
        shown: list[dict[str, object]] = [
            {
                "seq": event.seq,
                "at": event.at,
                "kind": event.kind,
                "actor": names.get(event.actor, event.actor),
                "object": event.object,
            }
            for event in events
        ]
        return _answer(request, serializers.trade_detail(found, shown))


class Import(APIView):
    """A whole file: looked at with dry_run, else booked whole or not at all."""

    access = BOOKS
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="trades_import",
        request={"multipart/form-data": serializers.ImportSerializer},
        responses={
            200: serializers.ImportedSerializer,
            201: serializers.ImportedSerializer,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._import(request))

    def _import(self, request: Request) -> Response:
        form = request._request.POST
        file, book = request.FILES.get("file"), form.get("book", "").strip()
        if file is None or not book:
            raise Invalid(
                "Send a file and the book's name.",
                code="required",
                errors=[
                    FieldError(name, "required", "is missing")
                    for name, value in (("/file", file), ("/book", book))
                    if not value
                ],
            )
        check_size(file.size or 0)
        source = Source(
            content=file.read(),
            file_name=file.name or "upload",
            book=book,
            base=form.get("base", ""),
            zone=form.get("zone", ""),
            file_format=form.get("format", ""),
        )
        if form.get("dry_run", "").lower() in ("true", "1", "on"):
            preview = look_for(source, person(request))
            counts = {"new": preview.new, "duplicates": preview.duplicates}
            return Response(serializers.imported(preview, None, counts))
        done = import_for(source, person(request))
        counts = {
            "new": done.recorded.new["fills"] + done.recorded.new["transfers"],
            "duplicates": done.recorded.duplicates,
        }
        batch = done.batch.pk if done.batch else None
        return Response(
            serializers.imported(done.preview, batch, counts),
            status=201 if done.batch else 200,
        )


class Books(APIView):
    """The trading accounts you may read; making one of your own."""

    access = BOOKS

    @extend_schema(
        operation_id="books_list",
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=serializers.BookListSerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        check_query(request, "limit", "cursor")
        rows, cursor = books_page(
            request.user,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        shown = [serializers.book(row) for row in rows]
        return _answer(request, {"books": shown, "next_cursor": cursor})

    @extend_schema(
        operation_id="books_create",
        request=serializers.NewBookSerializer,
        responses={201: serializers.BookSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        given = serializers.NewBookSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        unknown = set(request.data) - set(given.fields)
        if unknown:
            name = sorted(unknown)[0]
            raise Invalid(
                f"{name} is not a field of a book.",
                code="invalid",
                errors=[FieldError(f"/{name}", "unknown", "is not a field of this")],
            )
        values = dict(given.validated_data)
        values["base_currency"] = values["base_currency"].upper()
        made = create_book(NewBook(**values), person(request))
        return Response(serializers.book(made), status=201)


class Transfers(APIView):
    """Movements of cash or instruments."""

    access = BOOKS

    @extend_schema(
        operation_id="transfers_book",
        request=serializers.TransferSerializer,
        responses={
            201: serializers.TransferSerializer,
            200: serializers.TransferSerializer,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._book(request))

    def _book(self, request: Request) -> Response:
        now = timezone.now()
        new = _read([request.data], lambda row: reading.read_transfer(row, now=now), "")
        moves, fresh = book_transfers(new, person(request))
        return Response(serializers.transfer(moves[0]), status=201 if fresh else 200)


class Prices(APIView):
    """Prices and exchange rates; the newest of a symbol is its mark."""

    access = BOOKS

    @extend_schema(
        operation_id="prices_set",
        request=serializers.PricesSerializer,
        responses={201: serializers.PricesStoredSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._set(request))

    def _set(self, request: Request) -> Response:
        rows = _many(request.data, "prices")
        if rows is None:
            raise BadRequest("Send {prices: [...]}.", code="malformed")
        now = timezone.now()
        new = _read(
            rows, lambda row: reading.read_price(row, now=now, source="api"), "prices"
        )
        count = set_prices(new, person(request))
        return Response({"prices": count}, status=201 if count else 200)


class Balances(APIView):
    """What an exchange or a bank says that a book holds."""

    access = BOOKS

    @extend_schema(
        operation_id="balances_state",
        request=serializers.BalanceSerializer,
        responses={201: serializers.BalanceSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        check_query(request)
        return once(request, lambda: self._state(request))

    def _state(self, request: Request) -> Response:
        now = timezone.now()
        new = _read([request.data], lambda row: reading.read_balance(row, now=now), "")
        made = state_balance(new[0], person(request))
        return Response(serializers.balance(made), status=201)
