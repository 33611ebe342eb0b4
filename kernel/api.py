"""The API's manners: strict JSON in, exact JSON and problem+json (RFC 9457) out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, parsers, renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import errors
from kernel.errors import BadRequest, FieldError, ProductError
from kernel.numbers import NotExact, exact, text

MAX_DEPTH = 32
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_BYTES = 1_000_000


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, UUID):
        return str(value)
    return str(value)


def dumps(data: Any) -> bytes:
    """JSON bytes: Decimals as plain text, UTC times with Z."""
    return orjson.dumps(
        data, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    )


class JSONRenderer(renderers.BaseRenderer):
    """orjson instead of DRF's own, for exact decimals and speed."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dumps(data)


def _no_constants(name: str) -> Any:
    raise BadRequest(f"{name} is no JSON number.", code="malformed")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadRequest("A JSON object names a key twice.", code="malformed")
    return found


def _checked(value: Any, level: int = 1) -> None:
    """Depth (of containers), and texts that no database or file could hold."""
    if level > MAX_DEPTH and isinstance(value, dict | list):
        raise BadRequest(f"JSON nested deeper than {MAX_DEPTH}.", code="malformed")
    inner: Iterable[Any] = ()
    if isinstance(value, dict):
        inner = (*value.keys(), *value.values())
    elif isinstance(value, list):
        inner = value
    elif isinstance(value, str) and UNSTORABLE.search(value):
        raise BadRequest(
            "A text holds a NUL character or half a character.", code="malformed"
        )
    for one in inner:
        _checked(one, level + 1)


def loads(body: bytes) -> Any:
    """Strict JSON: UTF-8, no duplicate keys, no NaN, depth ≤ 32, numbers exact.

    Raises BadRequest with a plain reason.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_no_constants,
            object_pairs_hook=_no_duplicates,
        )
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.", code="malformed") from None
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error}.", code="malformed") from None
    except (ValueError, ArithmeticError, RecursionError):
        # A whole number of thousands of digits, an exponent beyond any Decimal,
        # or brackets all the way down.
        raise BadRequest(
            "The body holds a number or a nesting beyond all limits.", code="malformed"
        ) from None
    _checked(value)
    return value


class StrictJSONParser(parsers.BaseParser):
    """Parses application/json with `loads`."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise errors.TooLarge(f"The body is larger than {MAX_BYTES} bytes.")
        return loads(body)


@extend_schema_field({"type": "string", "format": "decimal", "example": "0.125"})
class ExactField(serializers.Field):  # type: ignore[type-arg]
    """A decimal of the API: a string (or whole number) in, plain text out.

    Refuses floats, NaN, more than 18 decimals or 20 integer digits with a reason;
    `positive` also refuses zero and less.
    """

    def __init__(self, *, positive: bool = False, **kwargs: Any) -> None:
        self.positive = positive
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            number = exact(data)
        except NotExact as error:
            raise serializers.ValidationError(f"{error}.", code="not_exact") from error
        if self.positive and number <= 0:
            raise serializers.ValidationError(
                "must be more than 0.", code="not_positive"
            )
        return number

    def to_representation(self, value: Decimal) -> str:
        return text(value)


def problem(error: ProductError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document of an error."""
    return {
        "type": f"urn:rrr:problem:{error.code or error.status}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "errors": [
            {"pointer": one.pointer, "code": one.code, "detail": one.detail}
            for one in error.errors
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


def _flatten(detail: Any, pointer: str = "") -> list[FieldError]:
    if isinstance(detail, Mapping):
        return [
            one
            for key, value in detail.items()
            for one in _flatten(
                value, pointer if key == "non_field_errors" else f"{pointer}/{key}"
            )
        ]
    if isinstance(detail, list) and any(isinstance(x, Mapping | list) for x in detail):
        return [
            one
            for index, value in enumerate(detail)
            for one in _flatten(value, f"{pointer}/{index}")
        ]
    details = detail if isinstance(detail, list) else [detail]
    return [
        FieldError(pointer or "/", str(getattr(one, "code", "invalid")), str(one))
        for one in details
    ]


def as_product_error(error: Exception) -> ProductError | None:
    """Our error for DRF's and Django's; None for what nobody expected."""
    if isinstance(error, ProductError):
        return error
    if isinstance(error, exceptions.ValidationError):
        fields = _flatten(error.detail)
        words = "; ".join(
            f"{one.pointer.strip('/')}: {one.detail}" for one in fields[:3]
        )
        return errors.Invalid(words or "Invalid values.", code="invalid", errors=fields)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return errors.NotAuthenticated(str(error.detail), code="not_authenticated")
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
        mine = ProductError(str(error.detail), code=str(error.default_code))
        mine.status = error.status_code
        mine.title = str(error.default_detail)
        return mine
    return None


def problem_handler(
    error: Exception, context: Mapping[str, Any]
) -> HttpResponse | None:
    """DRF's EXCEPTION_HANDLER: everything known becomes problem+json."""
    mine = as_product_error(error)
    if mine is None:
        return None
    request = context["request"]
    return problem_response(getattr(request, "_request", request), mine)


def check_query(request: Request, *allowed: str) -> None:
    """Refuse query parameters that the view does not know (400, never ignored)."""
    unknown = sorted(set(request.query_params) - set(allowed))
    if unknown:
        known = ", ".join(sorted(allowed)) or "none"
        raise BadRequest(
            f"Unknown query parameter {unknown[0]!r}; known here: {known}.",
            code="unknown_parameter",
            errors=[
                FieldError(f"?{name}", "unknown", "not known here") for name in unknown
            ],
        )


def limit_of(request: Request, default: int = 50, most: int = 500) -> int:
    """`limit` as 1..500; anything else is a 400."""
    given = request.query_params.get("limit", str(default))
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise BadRequest(
            f"limit must be a whole number from 1 to {most}.",
            code="limit",
            errors=[FieldError("?limit", "range", f"1 to {most}")],
        )
    return int(given)


def list_response(
    request: Request, noun: str, rows: list[Any], next_cursor: str | None, **more: Any
) -> Response:
    """{noun: [...], next_cursor} with a Link header to the next page."""
    response = Response({noun: rows, "next_cursor": next_cursor, **more})
    if next_cursor:
        query = request.query_params.copy()
        query["cursor"] = next_cursor
        url = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        response["Link"] = f'<{url}>; rel="next"'
    return response


def revision_of(request: Request, body: Any) -> int:
    """The revision that a write names, by If-Match or in its body.

    Raises PreconditionRequired (428) when neither is there, BadRequest when it
    is no whole number. Stale ones are the service's to judge.
    """
    header = request.headers.get("If-Match", "")
    in_body = body.get("revision") if isinstance(body, Mapping) else None
    given = header.removeprefix("W/").strip('"').removesuffix(";gzip") or in_body
    if given is None:
        raise errors.PreconditionRequired(
            "Send the revision you saw, as `revision` or If-Match.", code="revision"
        )
    if isinstance(given, bool) or not str(given).isdecimal():
        raise BadRequest("revision must be a whole number.", code="revision")
    return int(given)
