"""The overview page and the error handlers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kernel.access import access
from kernel.errors import BadRequest, Forbidden, NotFound, ProductError
from kernel.middleware import answer_error


@access()
def overview(request: HttpRequest) -> HttpResponse:
    return render(request, "overview.html")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_error(request, BadRequest("This request is malformed."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_error(request, Forbidden("Your role may not open this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_error(request, NotFound("There is nothing here that you may see."))


def our_fault(request: HttpRequest) -> HttpResponse:
    return answer_error(request, ProductError("Something broke on our side."))
