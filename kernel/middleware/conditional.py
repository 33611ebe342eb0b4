"""ETag and 304 on every read of the API: one owner, so that no view forgets it.

A view that knows the version of what it shows sets the ETag itself, where it follows
from that version alone. Everything else gets the digest of its body, of the person
who asks (nobody is told that another's answer is still theirs) and, in front, the
revision that a write may name. What only says how late it is, is no change: the
answer's own time, and the ages that count up to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from kernel.json import dumps
from kernel.schema import Answer
from kernel.web import is_held

READS = frozenset({"GET", "HEAD"})
AGES = re.compile(rb'_age_seconds":\d+')
# Of the body that a 304 has not got.
BODY_HEADERS = ("Content-Type", "Content-Length", "Content-Disposition")


class ConditionalMiddleware:
    """Labels each 200 of a GET or HEAD under /api/, and answers 304 to its holder."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if (
            request.method in READS
            and request.path.startswith("/api/")
            and response.status_code == 200
            and isinstance(response, HttpResponse)
        ):
            return _labelled(request, response)
        return response


def _labelled(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if "ETag" not in response:
        response["ETag"] = f'W/"{_version(request, response)}"'
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return _unmodified(response) if is_held(request, response["ETag"]) else response


def _version(request: HttpRequest, response: HttpResponse) -> str:
    """`<revision>-<digest>`, or the digest alone of what has no revision."""
    answer: Any = getattr(response, "data", None)
    content = AGES.sub(b"", response.content)
    moment: bytes = getattr(response, "moment", b"")
    if isinstance(answer, Answer) and answer.told_at is not None:
        moment = dumps(answer.told_at)
    if moment:
        content = content.replace(moment, b"")
    person = f"{getattr(request.user, 'pk', None)}\n{response['Content-Type']}\n"
    digest = hashlib.sha256(person.encode() + content).hexdigest()[:24]
    revision = getattr(answer, "revision", None)
    return digest if revision is None else f"{revision}-{digest}"


def told_at(response: HttpResponse, moment: str) -> HttpResponse:
    """Mark the words of a document that say for when it was told, as `Answer.told_at`
    does of an answer."""
    response.moment = moment.encode()  # type: ignore[attr-defined]
    return response


def _unmodified(response: HttpResponse) -> HttpResponse:
    kept = {name: value for name, value in response.items() if name not in BODY_HEADERS}
    return HttpResponse(status=304, headers=kept)
