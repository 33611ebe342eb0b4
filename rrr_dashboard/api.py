"""The API described: /openapi.json for programs, /docs to try it, /redoc to read it."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock
from typing import Any

from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer

from kernel.access import access
from kernel.web import not_modified, own_origin
from rrr_dashboard import reference

DROP_BRACES = str.maketrans("", "", "{}")


class OperationSchema(AutoSchema):
    """Operations are named by verb and path, so that no two can collide."""

    def get_operation_id(self) -> str:
        place = self.path.strip("/").replace("/", "_").translate(DROP_BRACES)
        return f"{self.method.lower()}_{place.removeprefix('api_')}".replace("-", "_")


class TokenOrSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a caller says who they are: a bearer token, or the browser's session."""

    target_class = "accounts.authentication.TokenOrSession"
    name = ["bearer", "session"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> Any:
        """One of them is enough."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "The `access` of POST /api/token, or a service token.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": settings.SESSION_COOKIE_NAME,
                "description": "A browser that is logged in. What changes something "
                "also needs the header X-CSRFToken.",
            },
        ]


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


@require_safe
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
@require_safe
@access(public=True)
@csp_update({"img-src": ["data:"]})
@csp_replace({"require-trusted-types-for": None, "trusted-types": None})
def docs(request: HttpRequest) -> HttpResponse:
    context = {"origin": own_origin(request)}
    return render(request, "rrr_dashboard/docs.html", context)


@require_safe
@access(public=True)
def redoc(request: HttpRequest) -> HttpResponse:
    context = {"areas": reference.areas(document()), "info": document()["info"]}
    return render(request, "rrr_dashboard/reference.html", context)
