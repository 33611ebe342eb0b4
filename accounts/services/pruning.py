"""What nobody can use any more is forgotten after a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import (
    IdempotentAnswer,
    PasswordReset,
    Refresh,
    ServiceToken,
    Session,
    WebSession,
)
from accounts.services.idempotency import KEPT

SESSIONS_KEPT = timedelta(days=30)


def prune(at: datetime) -> dict[str, int]:
    """Delete expired cookies, tokens, answers and failures; how many of each.

    A dead session or service token is kept for 30 days, so that its person can see it
    ended. The sessions of service accounts stay.
    """
    before = at - SESSIONS_KEPT
    ended = {
        "browsers": WebSession.objects.filter(expire_date__lt=at),
        "refresh_tokens": Refresh.objects.filter(expires_at__lt=at),
        "answers": IdempotentAnswer.objects.filter(created_at__lt=at - KEPT),
        "failures": AccessAttempt.objects.filter(
            attempt_time__lt=at - settings.AXES_COOLOFF_TIME
        ),
        "resets": PasswordReset.objects.filter(expires_at__lt=at),
        "sessions": _dead_sessions(at),
        "service_tokens": ServiceToken.objects.filter(
            Q(revoked_at__lt=before) | Q(expires_at__lt=before)
        ),
    }
    return {name: rows.delete()[0] for name, rows in ended.items()}


def _dead_sessions(at: datetime) -> QuerySet[Session]:
    """Revoked, or with no cookie and no refresh token left, for 30 days."""
    mine = {"session": OuterRef("pk")}
    left = Exists(WebSession.objects.filter(**mine)) | Exists(
        Refresh.objects.filter(**mine)
    )
    before = at - SESSIONS_KEPT
    return Session.objects.exclude(kind=Session.Kind.TOKEN).filter(
        Q(revoked_at__lt=before) | (~left & Q(opened_at__lt=before))
    )
