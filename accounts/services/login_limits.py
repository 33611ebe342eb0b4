"""How often somebody may try to log in, by either door.

What is refused counts nowhere, so a lock ends when it said, however often somebody
goes on trying. A person whom strangers lock out by guessing still comes in from the
browser in which they have logged in before.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.services import limits, lockout, people
from kernel.errors import Forbidden, TooManyRequests
from kernel.limits.windows import Limit
from kernel.web import client_network

KNOWN_DAYS = 90
SALT = "accounts.known-browser"


@dataclass(frozen=True)
class LoginTry:
    """One try. It counts as a wrong password until somebody says otherwise."""

    person: str
    failure: limits.Ruling | None = None
    slowly: Limit | None = None
    at: int = 0

    def was_right(self) -> None:
        """Or was none: nothing was guessed."""
        if self.failure is not None:
            limits.take_back(self.failure, self.person)
        elif self.slowly is not None:
            counting = limits.limiter(self.slowly.counted_in)
            counting.take_back(self.slowly, self.person, self.at)


def check_login(request: HttpRequest, username: str) -> LoginTry:
    """Count one try to log in. Raises TooManyRequests, and then it has not counted."""
    username = _counted_as(username)
    lockout.refuse_locked(request, username)
    counted = _count_both(request, username)
    person = f"name {digest_of(username)}"
    if knows(request, username):
        return LoginTry(person)
    known = User.objects.filter(username=username, is_active=True).exists()
    failures = limits.LOGIN_FAILURES if known else limits.NOBODYS_FAILURES
    failure = limits.admit(failures, person)
    if failure.admitted:
        return LoginTry(person, failure)
    if failure.full and not known:
        return LoginTry(person)  # a name that nobody has needs no lock
    slow = limits.admit(limits.LOGIN_SLOW if known else limits.NOBODYS_SLOW, person)
    if not slow.admitted:
        for decision, principal in counted:
            limits.take_back(decision, principal)
        raise TooManyRequests(
            "Too many wrong passwords for this name: one try in 30 s, "
            f"again in {slow.retry_after} s.",
            code="login_limit",
            retry_after=slow.retry_after,
        )
    at = limits.limiter(failures.counted_in).keep(failures, person)
    return LoginTry(person, slowly=failures, at=at)


def _counted_as(typed: str) -> str:
    """The name that a try counts under: one person's count together however the name
    is typed. What is wrong with it the form says."""
    bare = typed.replace("\0", "").strip()
    return unicodedata.normalize("NFC", bare)[:150]


@contextmanager
def confirming(request: HttpRequest, user: User, password: str) -> Iterator[None]:
    """What is done in the block needs the password of who is logged in once more: a
    try to log in like any other, counted and locked with those at the doors. A
    Forbidden of the block (a wrong passphrase, say) counts as a wrong password.

    Raises Forbidden (never a 401: who asks is known) and TooManyRequests. `request`
    must be Django's own.
    """
    attempt = check_login(request, user.username)
    if people.identify(request, user.username, password) != user:
        raise people.wrong_password()
    try:
        yield
    except Forbidden:
        raise
    except BaseException:
        attempt.was_right()
        raise
    attempt.was_right()


def _count_both(request: HttpRequest, username: str) -> list[tuple[limits.Ruling, str]]:
    """By address, and by name and address: both admit, or neither has counted."""
    address = client_network(request)
    pairs = (
        (limits.LOGIN_ADDRESS, address),
        (limits.LOGIN_PERSON, f"{digest_of(username)} {address}"),
    )
    counted: list[tuple[limits.Ruling, str]] = []
    for limit, principal in pairs:
        decision = limits.admit(limit, principal)
        if not decision.admitted:
            for earlier, whose in counted:
                limits.take_back(earlier, whose)
            wait = decision.retry_after
            raise TooManyRequests(
                f"Too many attempts to log in: again in {wait} s.",
                code="login_limit",
                retry_after=wait,
            )
        counted.append((decision, principal))
    return counted


def knows(request: HttpRequest, username: str) -> bool:
    """Has this person logged in from this browser in the last 90 days?"""
    return known_in(request) == digest_of(username)


def known_in(request: HttpRequest) -> str:
    """`digest_of` who has logged in last from this browser in the last 90 days."""
    given = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    try:
        return signing.TimestampSigner(salt=SALT).unsign(
            given, max_age=timedelta(days=KNOWN_DAYS)
        )
    except signing.BadSignature:
        return ""


def remember_browser(response: HttpResponseBase, username: str) -> None:
    """The person has logged in here."""
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        signing.TimestampSigner(salt=SALT).sign(digest_of(username)),
        max_age=KNOWN_DAYS * 86_400,
        secure=settings.SECURE_ORIGIN,
        httponly=True,
        samesite="Lax",
    )


def digest_of(username: str) -> str:
    """Of any length, and no name that a cookie would show."""
    return hashlib.sha256(username.casefold().encode()).hexdigest()[:32]
