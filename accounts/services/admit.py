"""Whom a bearer token speaks for: one statement a request.

The rows that a token comes from are read each time and compared; what was made of them,
the person with roles and rights, is made again only where they are others. So a session
that was ended, a person who was disabled and a role that was taken away count with the
next request, and who asks again and again costs no model, no query and no permission
that was looked up before.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from copy import copy
from dataclasses import dataclass

from accounts.models import ServiceToken, Session, User
from accounts.queries import roles_of
from accounts.queries.standing import standing_of_session, standing_of_token
from accounts.services import service_tokens
from accounts.services.service_tokens import PREFIX
from accounts.services.tokens import check_open, open_session_of, sid_of_access

MOST = 4096


@dataclass(frozen=True, slots=True)
class Bearer:
    """A person and the Session or ServiceToken that speaks for them; `standing` is what
    the database holds of both."""

    standing: object
    user: User
    auth: Session | ServiceToken

    def own(self) -> Bearer:
        """The same in objects that are this request's alone."""
        user, auth = copy(self.user), copy(self.auth)
        if isinstance(auth, Session):
            auth.user = user
        else:
            auth.owner = user
        return Bearer(self.standing, user, auth)


_made: OrderedDict[str, Bearer] = OrderedDict()


def key_of(text: str) -> str:
    """What names a token in memory, where no secret is kept: the sid of an access
    token, the digest of a service token. Raises NotAuthenticated for an access token
    that is not ours, or expired."""
    if text.startswith(PREFIX):
        return hashlib.sha256(text.encode()).hexdigest()
    return sid_of_access(text)


def admit(text: str, method: str = "GET") -> Bearer:
    """Whom this token speaks for. One statement, two or three more where something of
    it changed. Raises NotAuthenticated."""
    key = key_of(text)
    if text.startswith(PREFIX):
        return _by_token(key, text, method)
    return _by_session(key)


def _by_session(sid: str) -> Bearer:
    standing = standing_of_session(sid)
    known = _known(sid, standing)
    if known is None:
        session = open_session_of(sid)
        known = _keep(sid, Bearer(standing, session.user, session))
    assert isinstance(known.auth, Session)
    check_open(known.auth)  # what stands in its rows may be over
    return known.own()


def _by_token(key: str, text: str, method: str) -> Bearer:
    standing = standing_of_token(text.removeprefix(PREFIX).partition("_")[0])
    known = _known(key, standing)
    if known is None:
        token = service_tokens.found(text)
        known = _keep(key, Bearer(standing, token.owner, token))
    ours = known.own()
    assert isinstance(ours.auth, ServiceToken)
    service_tokens.let_in(ours.auth, method)
    return ours


def _known(key: str, standing: object) -> Bearer | None:
    known = _made.get(key)
    return known if known is not None and known.standing == standing else None


def _keep(key: str, bearer: Bearer) -> Bearer:
    """With what Django looks up when somebody asks: both remember it on the person."""
    bearer.user.get_all_permissions()
    roles_of(bearer.user)
    _made[key] = bearer
    while len(_made) > MOST:
        _made.popitem(last=False)
    return bearer
