"""Is the product reached where it asks itself, and if not, what is in the way?"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings

from kernel import http
from kernel.web import own_address, own_origin

READY = "/health/ready"
SECONDS = 3.0


def in_the_way() -> str:
    """A sentence, where the web process serves and the product does not hear itself: no
    proxy yet, or a certificate that nobody believes. Else "": all is well, or nothing
    serves."""
    asked, here = settings.INTERNAL_URL or own_origin(), own_address()
    if asked == here:
        return ""
    why = _fault(lambda: http.own(READY, timeout=SECONDS))
    if not why or _fault(lambda: http.own_here(READY, timeout=SECONDS)):
        return ""
    return (
        f"the web process serves at {here}, but {asked}{READY}, where the product asks "
        f"itself, fails ({why}): mend what stands in front, or set INTERNAL_URL={here}, "
        "so that it asks itself there"
    )


def _fault(ask: Callable[[], http.Reply]) -> str:
    try:
        answer = ask()
    except http.NoAnswer as error:
        return str(error)
    return "" if answer.status == HTTPStatus.OK else f"it answers {answer.status}"
