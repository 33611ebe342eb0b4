"""Wider windows for some: stated, audited, for a while, and never no limit at all."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import LimitOverride, User
from audit.services import append
from kernel.errors import Invalid
from kernel.limits.windows import Limit

WINDOWS = ("second", "minute", "hour")
MOST = 10_000
# A process asks the database for all of them so often; they are few.
FRESH_SECONDS = 1.0
Overrides = Mapping[int, tuple[int, frozenset[str], datetime | None]]


def override(
    users: Sequence[User],
    *,
    factor: int,
    windows: Sequence[str],
    until: datetime | None,
    by: str,
) -> None:
    """Let each of them ask `factor` times as often in these windows; a factor of 1
    withdraws what they had. Raises Invalid for an unknown window or such a factor."""
    if not 1 <= factor <= MOST:
        raise Invalid(f"A factor is 1 to {MOST:,}.", code="factor")
    unknown = [name for name in windows if name not in WINDOWS]
    if unknown or not windows:
        named = f"There is no window {unknown[0]!r}" if unknown else "Name a window"
        raise Invalid(f"{named}: {', '.join(WINDOWS)}.", code="windows")
    with transaction.atomic():
        for user in users:
            if factor == 1:
                LimitOverride.objects.filter(user=user).delete()
            else:
                LimitOverride.objects.update_or_create(
                    user=user,
                    defaults={
                        "factor": factor,
                        "windows": sorted(set(windows), key=WINDOWS.index),
                        "made_at": timezone.now(),
                        "expires_at": until,
                    },
                )
            append(
                "accounts.limits.overridden",
                actor=by,
                object=f"person:{user.pk}",
                data={
                    "factor": str(factor),
                    "windows": sorted(set(windows)),
                    "until": until.isoformat() if until else "",
                },
            )


class Known:
    """What this process knows of overrides: as the database said a second ago, or,
    while it does not answer, as it said last."""

    def __init__(self) -> None:
        self._asked = 0.0
        self._held: Overrides = {}

    def factors(self, user_id: int | None, limit: Limit) -> Sequence[int]:
        """A factor for each of the limit's windows; () where none is widened."""
        if user_id is None:
            return ()
        if time.monotonic() - self._asked > FRESH_SECONDS:
            self._asked = time.monotonic()
            self._held = self._read()
        factor, windows, until = self._held.get(user_id, (1, frozenset(), None))
        if factor == 1 or (until and until <= timezone.now()):
            return ()
        return [factor if window.name in windows else 1 for window in limit.windows]

    def _read(self) -> Overrides:
        alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        rows = LimitOverride.objects.filter(alive)
        try:
            return {
                row.user_id: (row.factor, frozenset(row.windows), row.expires_at)
                for row in rows
            }
        except DatabaseError:
            return self._held


known = Known()
