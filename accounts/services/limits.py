"""How often somebody may try to log in.

Counted in the shared cache by django-ratelimit. When Redis does not answer these
windows are open and the lock after five failures, which the database keeps,
stands alone: nobody is shut out because a cache is down.
"""

from __future__ import annotations

from django.http import HttpRequest
from django_ratelimit.core import get_usage

from kernel.errors import TooManyRequests
from kernel.web import client_address

PER_ADDRESS = "30/m"
PER_PERSON = "10/m"


def check_login(request: HttpRequest, username: str) -> None:
    """Count one attempt. Raises TooManyRequests with the seconds to wait."""
    address = client_address(request)
    person = f"{username[:150].casefold()} {address}"
    for group, rate, key in (
        ("login-address", PER_ADDRESS, address),
        ("login-person", PER_PERSON, person),
    ):
        usage = get_usage(
            request,
            group=group,
            rate=rate,
            key=lambda _group, _request, key=key: key,
            increment=True,
        )
        if usage and usage["should_limit"]:
            wait = max(1, usage["time_left"])
            raise TooManyRequests(
                f"Too many attempts to log in: again in {wait} s.",
                code="login_limit",
                retry_after=wait,
            )
