"""People, invitations, sessions and tokens, keys, and answers kept for repeats."""

from accounts.models.idempotency import IdempotentAnswer
from accounts.models.invitations import Invitation
from accounts.models.keys import SigningKey
from accounts.models.limits import LimitOverride
from accounts.models.people import User
from accounts.models.resets import PasswordReset
from accounts.models.service_tokens import ServiceToken
from accounts.models.sessions import Refresh, Session, WebSession

__all__ = [
    "IdempotentAnswer",
    "Invitation",
    "LimitOverride",
    "PasswordReset",
    "Refresh",
    "ServiceToken",
    "Session",
    "SigningKey",
    "User",
    "WebSession",
]
