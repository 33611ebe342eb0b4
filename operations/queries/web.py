"""Does the product answer whoever opens it?"""

from __future__ import annotations

from http import HTTPStatus

from django.urls import reverse

from kernel import http

LIVE = "/health/live"
# Connections are shared out among an instance's processes by chance: where one of two
# stands still, one look in 64 does not meet it.
LIVE_ASKED = 5
ANSWER_SECONDS = 3.0


def web_silence() -> str:
    """Why people are not answered just now; "" when they are. A page is asked for, too:
    health has threads of its own, and is well where no page comes any more."""
    for path in (*[LIVE] * LIVE_ASKED, reverse("accounts:login")):
        try:
            status = http.own(path, timeout=ANSWER_SECONDS).status
        except http.NoAnswer as error:
            return str(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"{path} answers {status}"
    return ""
