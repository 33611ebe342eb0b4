"""A throw-away installation in this process, and how long its locks last."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from accounts.models import User


def prepare(folder: Path) -> None:
    """Settings of a throw-away installation, and its tables."""
    values = {
        "RRR_ENV": "development",
        "STATE_DIR": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "JWT_SECRET": secrets.token_urlsafe(60),
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
    }
    os.environ.update(values)
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@contextmanager
def locks() -> Iterator[list[float]]:
    """How long each outermost transaction lasted, in seconds."""
    from django.db import transaction

    lasted: list[float] = []
    atomic = transaction.Atomic
    enter, leave = atomic.__enter__, atomic.__exit__
    began: list[float] = []

    def timed_enter(self: Any) -> None:
        enter(self)
        began.append(time.perf_counter())

    def timed_exit(self: Any, *error: Any) -> None:
        leave(self, *error)
        start = began.pop()
        if not began:
            lasted.append(time.perf_counter() - start)

    atomic.__enter__, atomic.__exit__ = timed_enter, timed_exit  # type: ignore[method-assign]
    try:
        yield lasted
    finally:
        atomic.__enter__, atomic.__exit__ = enter, leave  # type: ignore[method-assign]


def trader() -> User:
    """A new person who may book, and ask as often as a benchmark does."""
    from django.contrib.auth.models import Group

    from accounts.models import User
    from accounts.services.overrides import WINDOWS, override

    by = User.objects.create_user(f"bot-{secrets.token_hex(4)}")
    by.groups.add(Group.objects.get(name="Trader"))
    override([by], factor=10000, windows=WINDOWS, until=None, by="j:benchmarks")
    return by
