"""The API described: /openapi.json for programs, /docs to try it, /redoc to read it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock
from typing import Any

from csp.decorators import csp_replace, csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer

from kernel.access import access
from kernel.web import not_modified
from rrr_dashboard import reference

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what went wrong, and where in the request.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
DROP_BRACES = str.maketrans("", "", "{}")
ANY_PROBLEM = {
    "description": "Anything else: a problem document.",
    "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    },
}


class OperationSchema(AutoSchema):
    """Operations are named by verb and path, so that no two can collide."""

    def get_operation_id(self) -> str:
        place = self.path.strip("/").replace("/", "_").translate(DROP_BRACES)
        return f"{self.method.lower()}_{place.removeprefix('api_')}".replace("-", "_")


class TokenOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a caller says who they are: a bearer token, or the browser's session."""

    target_class = "accounts.authentication.TokenOrSession"
    name = ["bearer", "session"]

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "apiKey", "in": "cookie", "name": "sessionid"},
        ]


def describe_problems(result: Any, **kwargs: Any) -> Any:
    """Postprocessing hook: every operation may answer with a problem document."""
    result["components"].setdefault("schemas", {})["Problem"] = PROBLEM
    for item in result["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("default", ANY_PROBLEM)
    return result


_BUILDING = Lock()


def document() -> dict[str, Any]:
    """The OpenAPI document; the code decides it, so a process builds it once.

    By one thread: the generator loads its extensions lazily and breaks when two
    first requests do that side by side.
    """
    with _BUILDING:
        return _document()


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    built: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return built


@lru_cache(maxsize=1)
def _rendered() -> tuple[bytes, str]:
    text: bytes = OpenApiJsonRenderer().render(document(), renderer_context={})
    return text, hashlib.sha256(text).hexdigest()[:16]


@access(public=True)
def openapi(request: HttpRequest) -> HttpResponse:
    text, digest = _rendered()
    response = not_modified(request, digest) or HttpResponse(
        text, content_type="application/json"
    )
    response["ETag"] = f'W/"{digest}"'
    response["Cache-Control"] = "public, max-age=300"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


# Swagger UI draws its icons from data: addresses and knows no Trusted Types.
@access(public=True)
@csp_update({"img-src": ["data:"]})
@csp_replace({"require-trusted-types-for": None, "trusted-types": None})
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "rrr_dashboard/docs.html")


@access(public=True)
def redoc(request: HttpRequest) -> HttpResponse:
    context = {"areas": reference.areas(document()), "info": document()["info"]}
    return render(request, "rrr_dashboard/reference.html", context)
