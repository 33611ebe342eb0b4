"""The service account `probe`: how the product looks at itself over HTTP.

It has no password and no role, only the reading permissions listed in
accounts.domain.roles; its tokens are made in process and never leave it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from secrets import token_hex

from django.db import transaction
from django.utils import timezone

from accounts.domain.roles import PROBE_PERMISSIONS
from accounts.models import Session, User
from accounts.queries import PROBE
from accounts.services import tokens
from accounts.services.overrides import WINDOWS, override
from accounts.services.roles import permissions_by_name
from accounts.services.sessions import holds, open_session

FACTOR = 10
THROWAWAY_LIVES = timedelta(minutes=10)


def account() -> User:
    """The service account, made when it is first needed."""
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=PROBE, defaults={"is_service": True, "password": "!"}
        )
        if made:
            named = permissions_by_name()
            user.user_permissions.set([named[name] for name in PROBE_PERMISSIONS])
            # It asks in bursts, as many probes as are due; no exemption, a wide limit.
            override([user], factor=FACTOR, windows=WINDOWS, until=None, by="system")
    return user


def session() -> Session:
    """The account's one long session, which all its ordinary tokens share."""
    user = account()
    alive = Session.objects.filter(
        user=user,
        kind=Session.Kind.TOKEN,
        revoked_at=None,
        fingerprint=user.fingerprint,
    )
    held = alive.select_related("user").first()
    if held is not None and holds(held):
        return held
    return open_session(user, Session.Kind.TOKEN)


def token() -> str:
    """An access token of the probe account, good for 10 minutes."""
    return tokens.access_token(session())


@contextmanager
def throwaway(*, lifted: tuple[str, ...] = ()) -> Iterator[str]:
    """An access token of a service account that nobody has ever asked with: it holds
    no rights, its windows are unused (those named in `lifted` a hundred times as
    wide), and it is gone with the block."""
    name = f"{PROBE}-{token_hex(6)}"
    user = User.objects.create(username=name, is_service=True)
    try:
        if lifted:
            until = timezone.now() + THROWAWAY_LIVES
            override([user], factor=100, windows=lifted, until=until, by="system")
        yield tokens.access_token(open_session(user, Session.Kind.TOKEN))
    finally:
        user.delete()
