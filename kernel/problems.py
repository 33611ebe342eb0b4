"""Errors as problem+json (RFC 9457), for DRF views and outside of them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django_ratelimit.exceptions import Ratelimited

from kernel import errors
from kernel.errors import FieldError, ProductError
from kernel.json import dumps


def problem(error: ProductError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document of an error."""
    return {
        "type": f"urn:rrr:problem:{error.code or error.status}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "errors": [
            {"pointer": fault.pointer, "code": fault.code, "detail": fault.detail}
            for fault in error.errors
        ],
        "request_id": request_id,
        **error.extra,
    }


def problem_response(request: Any, error: ProductError) -> HttpResponse:
    """problem+json for an error, outside DRF too."""
    document = problem(
        error, instance=request.path, request_id=getattr(request, "request_id", "")
    )
    response = HttpResponse(
        dumps(document), status=error.status, content_type="application/problem+json"
    )
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def problem_handler(
    error: Exception, context: Mapping[str, Any]
) -> HttpResponse | None:
    """DRF's EXCEPTION_HANDLER: everything known becomes problem+json.

    A revision that is no longer the newest is a 412 when If-Match named it and a
    409 when the body did: whoever changes something by revision only lets the
    service's Stale pass.
    """
    known = as_product_error(error)
    if known is None:
        return None
    request = context["request"]
    if isinstance(known, errors.Stale) and "If-Match" in request.headers:
        known = errors.PreconditionFailed(
            known.detail, code=known.code, extra=known.extra
        )
    return problem_response(getattr(request, "_request", request), known)


def as_product_error(error: Exception) -> ProductError | None:
    """Our error for DRF's and Django's; None for what nobody expected."""
    if isinstance(error, ProductError):
        return error
    # A page of a person's that is not there asks this, too; a job never does.
    from rest_framework import exceptions

    if isinstance(error, exceptions.ValidationError):
        faults = _flatten(error.detail)
        return errors.Invalid(
            errors.summary(faults) or "Invalid values.", code="invalid", errors=faults
        )
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return errors.NotAuthenticated(str(error.detail), code="not_authenticated")
    if isinstance(error, Ratelimited):
        return errors.TooManyRequests("Again in a minute.", retry_after=60)
    if isinstance(error, exceptions.PermissionDenied | PermissionDenied):
        return errors.Forbidden("Your role may not do this.", code="role")
    if isinstance(error, Http404 | exceptions.NotFound):
        return errors.NotFound(
            "There is nothing here that you may see.", code="not_found"
        )
    if isinstance(error, exceptions.Throttled):
        wait = int(getattr(error, "wait", None) or 1)
        return errors.TooManyRequests(f"Again in {wait} s.", retry_after=wait)
    if isinstance(error, exceptions.APIException):
        foreign = ProductError(str(error.detail), code=str(error.default_code))
        foreign.status = error.status_code
        foreign.title = HTTPStatus(error.status_code).phrase.capitalize()
        return foreign
    return None


def _flatten(detail: Any, pointer: str = "") -> list[FieldError]:
    """DRF's nested details as a flat list with JSON pointers."""
    if isinstance(detail, Mapping):
        return [
            fault
            for key, value in detail.items()
            for fault in _flatten(
                value, pointer if key == "non_field_errors" else f"{pointer}/{key}"
            )
        ]
    if isinstance(detail, list) and any(isinstance(x, Mapping | list) for x in detail):
        return [
            fault
            for index, value in enumerate(detail)
            for fault in _flatten(value, f"{pointer}/{index}")
        ]
    reasons = detail if isinstance(detail, list) else [detail]
    return [
        FieldError(pointer or "/", str(getattr(reason, "code", "invalid")), str(reason))
        for reason in reasons
    ]
