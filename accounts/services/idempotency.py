"""Repeating a request with the same Idempotency-Key changes nothing twice.

The claim on the key is committed before the work starts and lives while its worker
holds a lock, which ends with him however he ends: then the next to ask takes it over.
The answer is written in the same transaction as the change, so one never exists
without the other. Only 2xx answers are kept, for 24 hours.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.models import IdempotentAnswer
from accounts.models.sessions import new_id
from kernel import locks
from kernel.errors import BadRequest, Conflict, Invalid
from kernel.json import dumps

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from kernel.requests import ApiRequest

KEPT = timedelta(hours=24)
LONGEST_KEY = 200
LOCKS = 0x1D3  # the first of the two numbers of our advisory locks
KEPT_HEADERS = ("Location", "ETag", "Link")


class _NotKept(Exception):
    """Carries an answer that is not 2xx out of the transaction it must undo."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class _BeingWorkedOn(Conflict):
    """Another request has this claim: it is not ours to release."""

    def __init__(self) -> None:
        super().__init__(
            "A request with this Idempotency-Key is being worked on.",
            code="in_progress",
            retry_after=1,
        )


class _Answered(Exception):
    """Somebody finished the work between our look and our lock."""

    def __init__(self, held: IdempotentAnswer) -> None:
        super().__init__()
        self.held = held


def once(
    request: ApiRequest,
    produce: Callable[[], Response],
    *,
    before: Callable[[], object] = lambda: None,
) -> HttpResponseBase:
    """produce(), or the answer that the same key got before.

    Without the header: just produce(). `before` is what it needs that is slow, or
    that must outlast a refusal (a wrong password counts): it runs outside of the
    transaction, and not at all for a repeat. Raises Conflict with Retry-After while
    another request works under this key, Invalid when the body differs from the
    first one's, BadRequest for a key that is empty or over 200 characters.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        before()
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
    held = _claim(name, _digests(request))
    if held.status is not None:
        return _replay(held)
    try:
        before()
        return _work(held, produce)
    except _BeingWorkedOn:
        raise
    except _Answered as meanwhile:
        return _replay(meanwhile.held)
    except _NotKept as other:
        _release(held)
        return other.response
    except BaseException:
        # Whatever broke, nothing was changed and nobody holds the lock any more: the
        # row is only tidied away, where the database still takes that.
        with contextlib.suppress(DatabaseError):
            _release(held)
        raise


def _digests(request: Request) -> list[str]:
    """HMACs of the parsed content, by today's SECRET_KEY and by those it replaced: the
    same JSON in other spelling is the same. Keyed, because a body may hold a password
    that a bare hash in a stolen backup would let somebody guess."""
    content = dumps(list(_content(request.data)))
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [hmac.digest(secret.encode(), content, "sha256").hex() for secret in secrets]


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


def _claim(name: dict[str, str], digests: list[str]) -> IdempotentAnswer:
    """The kept answer, or a claim under a name of our own, committed. Whether we may
    work on it the lock says."""
    rows, ours = IdempotentAnswer.objects.filter(**name), new_id()
    held = rows.first()
    if held and held.created_at < timezone.now() - KEPT:
        rows.filter(pk=held.pk).delete()
        held = None
    if held is None:
        with contextlib.suppress(IntegrityError), transaction.atomic():
            return IdempotentAnswer.objects.create(
                **name, digest=digests[0], claim=ours
            )
        held = rows.first()
    if held is None:  # released between the two: whoever asks again gets it
        raise _BeingWorkedOn()
    if held.digest not in digests:
        raise Invalid(
            "This Idempotency-Key was used with another body.", code="idempotency_key"
        )
    if held.status is None:
        held.claim, held.inherited = ours, True
    return held


def _work(held: IdempotentAnswer, produce: Callable[[], Response]) -> Response:
    with _alone_with(held.pk):
        if held.inherited:
            _take_over(held)
        response = produce()
        if not 200 <= response.status_code < 300:
            raise _NotKept(response)
        kept = IdempotentAnswer.objects.filter(pk=held.pk, claim=held.claim).update(
            status=response.status_code,
            content_type="application/json" if response.data is not None else "",
            headers={name: response[name] for name in KEPT_HEADERS if name in response},
            body=dumps(response.data) if response.data is not None else b"",
        )
        if not kept:  # inherited before we had the lock, and answered meanwhile
            raise _BeingWorkedOn()
    return response


@contextlib.contextmanager
def _alone_with(claim: int) -> Iterator[None]:
    """A transaction in which nobody else works on this claim, in any process; the lock
    outlives it, so that who comes next sees what was written. Raises Conflict."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(%s, %s)",
                [LOCKS, claim % 2**31],
            )
            if not cursor.fetchone()[0]:
                raise _BeingWorkedOn()
            yield
        return
    with locks.numbered(settings.STATE_DIR / "idempotency.lock", claim) as got:
        if not got:
            raise _BeingWorkedOn()
        with transaction.atomic():
            yield


def _take_over(held: IdempotentAnswer) -> None:
    """Whoever worked on it has died, or has just answered: that is seen here."""
    rows = IdempotentAnswer.objects.filter(pk=held.pk)
    if rows.filter(status__isnull=True).update(claim=held.claim):
        return
    answered = rows.filter(status__isnull=False).first()
    if answered is None:
        raise _BeingWorkedOn()
    raise _Answered(answered)


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
