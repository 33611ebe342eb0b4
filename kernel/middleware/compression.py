"""gzip, and the answers that must not be compressed."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

T = TypeVar("T", bound=HttpResponseBase)


class CompressionMiddleware(GZipMiddleware):
    """gzip, but never for an answer that shows a token or key (see `uncompressed`)."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if getattr(response, "uncompressed", False):
            return response
        return super().process_response(request, response)


def uncompressed(response: T) -> T:
    """Mark an answer that shows a secret once: its length must tell nothing."""
    response.uncompressed = True  # type: ignore[attr-defined]
    return response
