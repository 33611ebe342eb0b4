"""gzip, and the answers that must not be compressed."""

from __future__ import annotations

import re
from typing import TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

T = TypeVar("T", bound=HttpResponseBase)
# Django looks for the word alone, which stands in a refusal, too.
NO_GZIP = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)


class CompressionMiddleware(GZipMiddleware):
    """gzip, but never for an answer that shows a token or key (see `uncompressed`)."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if getattr(response, "uncompressed", False):
            return response
        if NO_GZIP.search(request.headers.get("Accept-Encoding", "")):
            patch_vary_headers(response, ["Accept-Encoding"])
            return response
        return super().process_response(request, response)


def uncompressed(response: T) -> T:
    """Mark an answer that shows a secret once: its length must tell nothing."""
    response.uncompressed = True  # type: ignore[attr-defined]
    return response
