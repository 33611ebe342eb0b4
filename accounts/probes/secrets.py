"""Secrets: strong, our own, and in no tracked file."""

from __future__ import annotations

import math
import subprocess
import zlib
from collections import Counter

from django.conf import settings
from django.utils import timezone

from accounts.domain.key_names import kid_of
from accounts.probes.asking import over_http
from accounts.probes.tokens import signing_kid
from accounts.services.secret_ages import YEAR, secret_ages
from kernel.display import plural
from kernel.errors import ProductError
from kernel.registry import Measurement, Params, probe

LEAST_BYTES = 64
LEAST_BITS = 256
ZLIB_FRAME = 8  # bytes of a compressed text that are not of the text


def estimated_bits(secret: str) -> int:
    """How hard it is to guess, at most: the smaller of its length times the entropy of
    its letters, and of what compression leaves of it. It sees letters that are few and
    patterns that return, not words that somebody thought of."""
    if not secret:
        return 0
    size = len(secret)
    shares = [count / size for count in Counter(secret).values()]
    letters = -sum(share * math.log2(share) for share in shares) * size
    packed = (len(zlib.compress(secret.encode(), 9)) - ZLIB_FRAME) * 8
    return int(min(letters, packed))


def weaknesses(secret: str) -> list[str]:
    """What is wrong with it as a token secret, its value unsaid."""
    faults = []
    if (length := len(secret.encode())) < LEAST_BYTES:
        faults.append(f"it has {length} bytes, fewer than {LEAST_BYTES}")
    if (bits := estimated_bits(secret)) < LEAST_BITS:
        faults.append(f"it is worth {bits} bits at most, fewer than {LEAST_BITS}")
    if secret and secret in (secret + secret)[1:-1]:
        faults.append("it repeats itself")
    others = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if any(other and (other in secret or secret in other) for other in others):
        faults.append("it is made of SECRET_KEY")
    return faults


@probe("secret_strength", title="The token secret is long, random and its own")
@over_http
def secret_strength(params: Params) -> Measurement:
    """Counts faults of JWT_SECRET, and that the web process signs with this very one;
    a former secret that still opens tokens is held to the same."""
    secret = settings.JWT_SECRET
    faults = [f"JWT_SECRET: {fault}" for fault in weaknesses(secret)]
    former = settings.JWT_SECRET_PREVIOUS
    if former:
        faults += [f"JWT_SECRET_PREVIOUS: {fault}" for fault in weaknesses(former)]
    kid = signing_kid(faults)
    if kid and kid != kid_of(secret):
        faults.append("the web process signs with another secret than was looked at")
    length, bits = len(secret.encode()), estimated_bits(secret)
    return Measurement.of_faults(
        faults,
        f"JWT_SECRET has {length} bytes, worth {bits} bits by an estimate, and differs "
        "from SECRET_KEY.",
        facts={"bytes": str(length), "kid": kid_of(secret)},
    )


@probe("secret_age", title="No secret and no key is older than a year")
def secret_age(params: Params) -> Measurement:
    """Counts secrets of this installation, service tokens and people's signing keys
    that are older than a year, by the day on which this host first saw each."""
    at = timezone.now()
    try:
        known = secret_ages(at)
    except (OSError, ProductError) as error:
        return Measurement.uncollected(str(error))
    faults = [
        f"{secret.name} is {plural((at - secret.since).days, 'day')} old"
        for secret in known
        if secret.older_than(YEAR, at)
    ]
    return Measurement.of_faults(
        faults,
        f"{plural(len(known), 'secret or key', 'secrets and keys')}; the oldest is "
        f"{known[0].name}, "
        f"{plural((at - known[0].since).days, 'day')} old.",
        facts={secret.name: secret.since.isoformat() for secret in known},
    )


@probe("env_secrets", title="Secrets come from the environment, never from the code")
def env_secrets(params: Params) -> Measurement:
    """`name` names one setting; without it all keys of outside services."""
    names = [params["name"]] if params.get("name") else list(settings.EXTERNAL_KEYS)
    values = {name: _setting(name) for name in names}
    missing = [name for name, value in values.items() if not value]
    if missing:
        return Measurement.unset(*missing)
    leaks = _tracked_files_with(list(values.values()))
    if leaks is None:
        return Measurement.uncollected("git cannot list the files")
    faults = [f"{path} holds the value of a secret" for path in leaks]
    return Measurement.of_faults(
        faults, f"{', '.join(names)}: set, and in none of the tracked files."
    )


def _setting(name: str) -> str:
    value = settings.EXTERNAL_KEYS.get(name, getattr(settings, name, ""))
    return value if isinstance(value, str) else ""


def _tracked_files_with(values: list[str]) -> list[str] | None:
    """Tracked files that hold one of the texts; None when git cannot say.

    The texts go in by standard input: a command line can be read by others.
    """
    try:
        done = subprocess.run(
            ["git", "grep", "--fixed-strings", "--name-only", "--text", "-f", "-"],  # noqa: S607
            cwd=settings.BASE_DIR,
            input="\n".join(values),
            capture_output=True,
            text=True,
            timeout=8,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode > 1:
        return None
    return done.stdout.splitlines()
