"""What `doctor` says about settings and secrets: from the settings and this host alone."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from django.conf import settings
from django.core import checks
from django.db import DatabaseError
from django.utils import timezone

from accounts.services.secret_ages import YEAR, outlived, secret_ages
from kernel.errors import ProductError
from rrr_dashboard.env import read_dotenv

# How much of a name is right where it is meant for one of ours.
NEAR = 0.8


@dataclass(frozen=True)
class Finding:
    """`level` is ok, warn or fail; `detail` says what to do when it is not ok."""

    name: str
    level: str
    detail: str


def complaints() -> Iterator[Finding]:
    complaints = checks.run_checks(include_deployment_checks=settings.SERIOUS)
    for message in complaints:
        level = "fail" if message.level >= checks.ERROR else "warn"
        yield Finding(
            message.id or "settings",
            level,
            f"{message.msg} {message.hint or ''}".strip(),
        )
    if not complaints:
        yield Finding(
            "settings", "ok", f"no complaint about the settings of {settings.RRR_ENV}"
        )


def cookies() -> Finding:
    if settings.SECURE_ORIGIN:
        return Finding("cookies", "ok", "Secure and __Host-, with HSTS")
    alone = settings.BIND in {"127.0.0.1", "::1", "localhost"}
    return Finding(
        "cookies",
        "ok" if alone else "warn",
        "neither Secure nor __Host-, and no HSTS: PUBLIC_ORIGIN is not https",
    )


def dotenv() -> Finding:
    path = settings.BASE_DIR / ".env"
    if not path.exists():
        return Finding(".env", "ok", "none; settings come from the environment")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(".env", "fail", f"mode {mode:o}: run chmod 600 .env")
    return Finding(".env", "ok", "mode 600")


def misspelt() -> Finding:
    """Names in .env that nobody reads, and that look like one that is read; others may
    be of other programs."""
    names = set(settings.SETTING_NAMES) | {"TEST_DATABASE_URL", "TEST_REDIS_URL"}
    read = names | {f"{name}_FILE" for name in settings.SETTING_NAMES}
    unread = sorted(set(read_dotenv(settings.BASE_DIR / ".env")) - read)
    meant = {name: get_close_matches(name.upper(), read, 1, NEAR) for name in unread}
    said = [f"{name} (is {near[0]} meant?)" for name, near in meant.items() if near]
    if not said:
        return Finding("names in .env", "ok", "none that looks misspelt")
    return Finding("names in .env", "warn", f"nobody reads {', '.join(said)}")


def secrets() -> Finding:
    at = timezone.now()
    try:
        known = secret_ages(at)
    except (OSError, ProductError) as error:
        return Finding("secrets", "warn", str(error))
    except DatabaseError:
        return Finding("secrets", "warn", "unknown while the database does not answer")
    old = [secret.name for secret in known if secret.older_than(YEAR, at)]
    ages = "; ".join(f"{each.name} since {each.since:%Y-%m-%d}" for each in known)
    if old:
        detail = f"older than a year: {', '.join(old)}; docs/security.md says how to change each"
        return Finding("secrets", "warn", f"{detail} ({ages})")
    return Finding("secrets", "ok", ages)


def former_secrets() -> Finding:
    """Whoever knows one can still make what it opens."""
    try:
        left = outlived(timezone.now())
    except (OSError, ProductError, DatabaseError):
        return Finding(
            "former secrets", "warn", "unknown while the ages of secrets are"
        )
    if left:
        return Finding(
            "former secrets",
            "warn",
            f"{' and '.join(left)} may go: nothing that was made with "
            f"{'them' if len(left) > 1 else 'it'} lives any more, as the new one is "
            f"older than {settings.REFRESH_TOKEN_DAYS} days; docs/security.md, Rotating "
            "a key",
        )
    return Finding("former secrets", "ok", "none is kept longer than it is needed")
