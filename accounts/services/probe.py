"""The service account `probe`: how the product looks at itself over HTTP.

It has no password and no role, only the reading permissions listed in
accounts.domain.roles; its tokens are made in process and never leave it.
"""

from __future__ import annotations

from django.db import transaction

from accounts.domain.roles import PROBE_PERMISSIONS
from accounts.models import Session, User
from accounts.services import tokens
from accounts.services.roles import permissions_by_name
from accounts.services.sessions import fingerprint, holds, open_session

USERNAME = "probe"


def account() -> User:
    """The service account, made when it is first needed."""
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=USERNAME, defaults={"is_service": True, "password": "!"}
        )
        if made:
            named = permissions_by_name()
            user.user_permissions.set([named[name] for name in PROBE_PERMISSIONS])
    return user


def session() -> Session:
    """The account's one long session, which all its ordinary tokens share."""
    user = account()
    alive = Session.objects.filter(
        user=user,
        kind=Session.Kind.TOKEN,
        revoked_at=None,
        fingerprint=fingerprint(user),
    )
    held = alive.select_related("user").first()
    if held is not None and holds(held):
        return held
    return open_session(user, Session.Kind.TOKEN)


def token() -> str:
    """An access token of the probe account, good for 10 minutes."""
    return tokens.access_token(session())
