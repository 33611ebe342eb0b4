"""What these views share: answers that a client may hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from kernel.json import dumps
from kernel.schema import Answer
from kernel.web import not_modified


def answered(
    request: Request, answer: Answer, headers: Mapping[str, str] | None = None
) -> HttpResponseBase:
    """The answer with an ETag of its content (its timestamp aside), or a 304."""
    content = {
        field.name: getattr(answer, field.name)
        for field in fields(answer)
        if field.name != "timestamp"
    }
    etag = hashlib.sha256(dumps(content)).hexdigest()[:24]
    raw: HttpRequest = request._request
    held = not_modified(raw, etag)
    if held is not None:
        return held
    return HttpResponse(
        dumps(answer),
        content_type="application/json",
        headers={"ETag": f'W/"{etag}"', **(headers or {})},
    )
