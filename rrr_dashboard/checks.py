"""System checks of a deployment: an id, what is wrong, and what to do.

They run at every start (`manage.py check`), the ones for staging and production
with `--deploy`; `doctor` shows them beside what only a look at the running parts
can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from rrr_dashboard import secret_readers


def state_directory(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    if settings.STATE_DIR.is_dir():
        return []
    return [
        Error(
            f"STATE_DIR {settings.STATE_DIR} is no folder that can be made.",
            hint="Give this user the folder, or set STATE_DIR to another one.",
            id="rrr.E001",
        )
    ]


def secrets_set(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    given = settings.SETTINGS_GIVEN
    missing = [name for name in ("SECRET_KEY", "JWT_SECRET") if not given.get(name)]
    missing = [name for name in missing if not given.get(f"{name}_FILE")]
    return [
        Warning(
            f"{name} is not set: a throw-away value of this folder is used.",
            hint="Start with `make run`, which writes a .env, or set it yourself.",
            id="rrr.W002",
        )
        for name in missing
    ]


def mail(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    if settings.SERIOUS and not settings.EMAIL_URL:
        return [
            Warning(
                "EMAIL_URL is not set: alerts are written to files and reach nobody.",
                hint="Set EMAIL_URL, for example smtp+tls://user:password@host:587.",
                id="rrr.W005",
            )
        ]
    return []


def field_key(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    if settings.FIELD_KEY or not settings.SERIOUS:
        return []
    return [
        Warning(
            "FIELD_KEY is not set: nothing is encrypted with it yet, and what will be "
            "cannot be without it.",
            hint=secret_readers.MAKE_KEY,
            id="rrr.W006",
        )
    ]


def register_all() -> None:
    register(state_directory, Tags.compatibility)
    for check in (secrets_set, mail, field_key):
        register(check, Tags.security, deploy=True)
