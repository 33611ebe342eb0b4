"""What was typed when a session had ended belongs to whom it belonged to.

On its way through the log-in page it is sealed: whoever else stands at that browser
cannot read it, and only its owner's log-in opens it.
"""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import _does_token_match  # type: ignore[attr-defined]

from accounts.domain import kept
from accounts.domain.kept import Kept
from accounts.models import User, WebSession
from accounts.services.login_limits import digest_of, known_in

LIFE_SECONDS = 86_400
FORMS_BEFORE = "forms_before"


def owner_of(request: HttpRequest) -> str:
    """Whose session it was, else who has logged in last from this browser; "" for
    nobody that we know."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    session = WebSession.objects.filter(session_key=key).select_related("user").first()
    if session is not None and session.user is not None:
        return digest_of(session.user.username)
    return known_in(request)


def remember_forms(request: HttpRequest, user: User, secret: str) -> None:
    """At a log-in, which changes it: `secret` was that of the forms of this browser. Kept
    where the same person was the last to log in here."""
    if secret and known_in(request) == digest_of(user.username):
        request.session[FORMS_BEFORE] = secret


def was_theirs(request: HttpRequest, token: str) -> bool:
    """Whether the form's token was good before this person's last log-in."""
    secret = request.session.get(FORMS_BEFORE, "")
    try:
        # Django masks it anew in each form, and has no public way to compare.
        return bool(secret) and _does_token_match(token, secret)
    except (ValueError, AssertionError):
        return False


def seal(text: Kept, owner: str) -> str:
    content = json.dumps([owner, text.text])
    return _fernet().encrypt(content.encode()).decode()


def is_sealed(sealed: str) -> bool:
    """Did we seal this, a day ago at most?"""
    return bool(_content(sealed))


def unseal(sealed: str, user: User) -> Kept | None:
    """The text, for its owner; None for anybody else, and for what we did not seal."""
    owner, text = _content(sealed) or ("", "")
    return kept.read(text) if owner == digest_of(user.username) else None


def _content(sealed: str) -> tuple[str, str] | None:
    try:
        owner, text = json.loads(_fernet().decrypt(sealed.encode(), LIFE_SECONDS))
    except InvalidToken:
        return None
    return owner, text


def _fernet() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_key(secret)) for secret in keys])


def _key(secret: str) -> bytes:
    digest = hashlib.sha256(f"accounts.kept-text {secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest)
