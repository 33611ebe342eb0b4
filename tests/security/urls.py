"""The product's URLs, and beside them views that break on purpose."""

from __future__ import annotations

from typing import NoReturn

from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.access import LOGGED_IN, PUBLIC, access
from rrr_dashboard.urls import (  # noqa: F401
    handler400,
    handler403,
    handler404,
    handler500,
)
from rrr_dashboard.urls import (
    urlpatterns as product,
)


@access(public=True)
def broken(request: HttpRequest) -> NoReturn:
    raise RuntimeError("secret words of a stack trace")


@access(public=True)
def no_database(request: HttpRequest) -> NoReturn:
    raise OperationalError("connection to server at 10.1.2.3 failed")


@access("people.manage")
def managers_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse("managers")


@access(public=True)
def conflict(request: HttpRequest) -> HttpResponse:
    return HttpResponse("who changed it", status=409)


@access(public=True)
def leave_a_message(request: HttpRequest) -> HttpResponse:
    messages.success(request, "kept for the next page")
    return HttpResponse("left")


class Echo(APIView):
    access = PUBLIC
    authentication_classes = ()

    def post(self, request: Request) -> Response:
        return Response({"got": request.data})


class Mine(APIView):
    access = LOGGED_IN

    def post(self, request: Request) -> Response:
        return Response({"by": request.user.get_username()})


class BrokenApi(APIView):
    access = PUBLIC

    def get(self, request: Request) -> NoReturn:
        raise RuntimeError("secret words of a stack trace")


class NoDatabaseApi(APIView):
    access = PUBLIC

    def get(self, request: Request) -> NoReturn:
        raise OperationalError("connection to server at 10.1.2.3 failed")

    def post(self, request: Request) -> NoReturn:
        raise OperationalError("connection to server at 10.1.2.3 failed")


urlpatterns = [
    path("test/broken/", broken),
    path("test/no-database/", no_database),
    path("test/managers/", managers_only),
    path("test/conflict/", conflict),
    path("test/message/", leave_a_message),
    path("api/test/echo", Echo.as_view()),
    path("api/test/mine", Mine.as_view()),
    path("api/test/broken", BrokenApi.as_view()),
    path("api/test/no-database", NoDatabaseApi.as_view()),
    *product,
]
