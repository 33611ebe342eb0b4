"""Books for clients."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services.idempotency import once
from kernel.api import PAGE_PARAMETERS, page_response
from kernel.requests import ApiRequest, check_query, limit_of
from trades.answers.books import BookAnswer, BookList
from trades.inputs import NewBookInput, new_book
from trades.queries.books import BOOKS, books_page, is_entrusted
from trades.services.books import create_book


class BooksView(APIView):
    access = BOOKS

    @extend_schema(
        operation_id="books_list", parameters=PAGE_PARAMETERS, responses=BookList
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The trading accounts that you may read."""
        check_query(request, "limit", "cursor")
        page = books_page(
            request.user,
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = BookList(
            books=[
                BookAnswer.of(book, entrusted=is_entrusted(request.user, book))
                for book in page.rows
            ],
            next_cursor=page.next_cursor,
        )
        return page_response(request, answer)

    @extend_schema(
        operation_id="books_create", request=NewBookInput, responses={201: BookAnswer}
    )
    def post(self, request: ApiRequest) -> HttpResponseBase:
        """Make a trading account of your own."""
        check_query(request)
        return once(request, lambda: self._create(request))

    def _create(self, request: ApiRequest) -> Response:
        book = create_book(new_book(request.data), request.user)
        return Response(BookAnswer.of(book), status=201)
