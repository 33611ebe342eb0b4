"""Repeating a request with the same Idempotency-Key changes nothing twice.

The claim on the key is committed before the work starts, so two at once cannot
both work; the answer is written in the same transaction as the change, so one
never exists without the other. Only 2xx answers are kept, for 24 hours.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import IdempotentAnswer
from accounts.models.sessions import new_id
from kernel.errors import BadRequest, Conflict, Invalid
from kernel.json import dumps
from kernel.requests import ApiRequest

LEASE = timedelta(seconds=60)
KEPT = timedelta(hours=24)
LONGEST_KEY = 200
KEPT_HEADERS = ("Location", "ETag", "Link")


class _NotKept(Exception):
    """Carries an answer that is not 2xx out of the transaction it must undo."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def once(request: ApiRequest, produce: Callable[[], Response]) -> HttpResponseBase:
    """produce(), or the answer that the same key got before.

    Without the header: just produce(). Raises Conflict with Retry-After while
    another request works under this key, Invalid when the body differs from the
    first one's, BadRequest for a key that is empty or over 200 characters.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return produce()
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise BadRequest(
            f"Idempotency-Key must be 1 to {LONGEST_KEY} printable characters.",
            code="idempotency_key",
        )
    name = {
        "principal": request.user.actor,
        "method": str(request.method),
        "path": request.path[:300],
        "key": key,
    }
    digest = _digest(request)
    held = _claim(name, digest)
    if held.status is not None:
        return _replay(held)
    try:
        return _work(held, produce)
    except _NotKept as other:
        _release(held)
        return other.response
    except BaseException:
        # Whatever broke, nothing was changed: let the next try work at once. Where
        # the database is what broke, the lease ends by itself.
        with contextlib.suppress(DatabaseError):
            _release(held)
        raise


def _digest(request: Request) -> str:
    """SHA-256 of the parsed content: the same JSON in other spelling is the same."""
    return hashlib.sha256(dumps(list(_content(request.data)))).hexdigest()


def _content(data: Any) -> Iterator[Any]:
    if not hasattr(data, "lists"):
        yield _sorted(data)
        return
    for name, values in sorted(data.lists()):
        for value in values:
            if isinstance(value, UploadedFile):
                file = hashlib.sha256()
                for chunk in value.chunks():
                    file.update(chunk)
                value.seek(0)
                yield [name, "file", file.hexdigest()]
            else:
                yield [name, "text", value]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return [[name, _sorted(value[name])] for name in sorted(value)]
    if isinstance(value, list):
        return ["list", [_sorted(member) for member in value]]
    return value


def _claim(name: dict[str, str], digest: str) -> IdempotentAnswer:
    """The kept answer, or a claim of our own; both committed."""
    at = timezone.now()
    rows = IdempotentAnswer.objects.filter(**name)
    rows.filter(created_at__lt=at - KEPT).delete()
    fresh = {"digest": digest, "claim": new_id(), "lease_until": at + LEASE}
    try:
        with transaction.atomic():
            return IdempotentAnswer.objects.create(**name, **fresh)
    except IntegrityError:
        held = rows.first()
    if held is None:  # released between the two: whoever asks again gets it
        raise _busy(1)
    if held.digest != digest:
        raise Invalid(
            "This Idempotency-Key was used with another body.", code="idempotency_key"
        )
    if held.status is not None:
        return held
    if held.lease_until > at or not _take_over(held, fresh):
        raise _busy(int((held.lease_until - at).total_seconds()))
    held.claim = str(fresh["claim"])
    return held


def _take_over(held: IdempotentAnswer, fresh: dict[str, Any]) -> bool:
    """Whoever worked on it has died: the first to ask again inherits the claim."""
    rows = IdempotentAnswer.objects.filter(
        pk=held.pk, claim=held.claim, status__isnull=True
    )
    return bool(rows.update(**fresh))


def _busy(seconds: int) -> Conflict:
    return Conflict(
        "A request with this Idempotency-Key is being worked on.",
        code="in_progress",
        retry_after=max(1, seconds),
    )


def _work(held: IdempotentAnswer, produce: Callable[[], Response]) -> Response:
    with transaction.atomic():
        response = produce()
        if not 200 <= response.status_code < 300:
            raise _NotKept(response)
        kept = IdempotentAnswer.objects.filter(pk=held.pk, claim=held.claim).update(
            status=response.status_code,
            content_type="application/json" if response.data is not None else "",
            headers={name: response[name] for name in KEPT_HEADERS if name in response},
            body=dumps(response.data) if response.data is not None else b"",
        )
        if not kept:  # we took longer than the lease and somebody inherited it
            raise _busy(1)
    return response


def _release(held: IdempotentAnswer) -> None:
    IdempotentAnswer.objects.filter(
        pk=held.pk, claim=held.claim, status__isnull=True
    ).delete()


def _replay(held: IdempotentAnswer) -> HttpResponse:
    response = HttpResponse(
        bytes(held.body),
        status=held.status,
        content_type=held.content_type or None,
        headers=held.headers,
    )
    response["Idempotency-Replayed"] = "true"
    return response
