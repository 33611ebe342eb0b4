"""The product's URLs, and a page and an API path that raise what is asked for."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from django.urls import path
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from kernel import errors
from kernel.access import PUBLIC, access
from rrr_dashboard.urls import (  # noqa: F401
    handler400,
    handler403,
    handler404,
    handler500,
)
from rrr_dashboard.urls import (
    urlpatterns as product,
)

FAULTS = [errors.FieldError("/price", "range", "must be more than 0")]
RAISED: dict[str, Exception] = {
    "bad-request": errors.BadRequest("The cursor is not ours.", code="cursor"),
    "not-authenticated": errors.NotAuthenticated("Log in first.", code="token"),
    "forbidden": errors.Forbidden("Your role may not open this.", code="role"),
    "not-found": errors.NotFound("There is no such book.", code="not_found"),
    "conflict": errors.Conflict("It is confirmed already.", code="confirmed"),
    "stale": errors.Stale("It was changed.", current={"revision": 8}),
    "length-required": errors.LengthRequired("Send a Content-Length."),
    "precondition-failed": errors.PreconditionFailed("It was changed."),
    "too-large": errors.TooLarge("At most 1,000 bytes.", code="too_large"),
    "invalid": errors.Invalid.of(FAULTS),
    "precondition-required": errors.PreconditionRequired("Say which revision."),
    "too-many": errors.TooManyRequests("Again in 7 s.", retry_after=7),
    "unavailable": errors.Unavailable("The log key is away.", retry_after=9),
    "our-fault": errors.ProductError("Something broke on our side."),
    "django-404": Http404("secret/path"),
    "django-403": PermissionDenied("secret reason"),
    "django-too-big": RequestDataTooBig("secret size"),
    "database": OperationalError("connection to 10.1.2.3 failed"),
    "database-interface": InterfaceError("connection to 10.1.2.3 closed"),
    "unexpected": RuntimeError("secret words"),
    "drf-throttled": exceptions.Throttled(wait=12),
    "drf-405": exceptions.MethodNotAllowed("PUT"),
    "drf-415": exceptions.UnsupportedMediaType("text/x"),
}


@access(public=True)
def page(request: HttpRequest, name: str) -> NoReturn:
    raise RAISED[name]


class Api(APIView):
    access = PUBLIC

    def get(self, request: Request, name: str) -> NoReturn:
        raise RAISED[name]

    def patch(self, request: Request, name: str) -> NoReturn:
        raise RAISED[name]


urlpatterns: list[Any] = [
    path("test/<str:name>/", page),
    path("api/test/<str:name>", Api.as_view()),
    *product,
]
