"""The product looks at its own doors: tokens, secrets, origins, headers.

What runs is asked over HTTP as the service account `probe`; no probe judges, and
no secret value enters a measurement.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from accounts.services import probe as account
from accounts.services import sessions, tokens
from kernel import http
from kernel.registry import Measurement, Params, probe

FOREIGN = "https://not-ours.example"
LEAST_SECRET = 64
LEAST_KINDS = 10  # different characters that a random secret has at the very least
HSTS_YEAR = 31_536_000


def _asking(function: Callable[[Params], Measurement]) -> Callable[..., Measurement]:
    """A probe over HTTP: no answer is an error, neither pass nor fail."""

    def asked(params: Params) -> Measurement:
        try:
            return function(params)
        except http.NoAnswer as error:
            return Measurement(value=None, detail="No answer.", error=str(error))

    return asked


def _me(token: str = "") -> int:
    """The status of GET /api/me with this token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return http.own("/api/me", headers=headers).status


def _expect(what: str, status: int, wanted: int, faults: list[str]) -> None:
    if status != wanted:
        faults.append(f"{what} got {status} instead of {wanted}")


@probe("jwt", title="Access tokens are issued, accepted and checked")
@_asking
def jwt(params: Params) -> Measurement:
    """A good token opens /api/me; none, and one with another signature, do not."""
    faults: list[str] = []
    good = account.token()
    body, _, signature = good.rpartition(".")
    forged = f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    _expect("a good token", _me(good), 200, faults)
    _expect("no token", _me(), 401, faults)
    _expect("a token with another signature", _me(forged), 401, faults)
    return Measurement.of_faults(
        faults, "A good token is accepted; none and a forged one are refused."
    )


@probe("secret_strength", title="The token secret is long, random and its own")
def secret_strength(params: Params) -> Measurement:
    """Counts faults of JWT_SECRET; the value itself stays where it is."""
    secret, faults = settings.JWT_SECRET, []
    length = len(secret.encode())
    if length < LEAST_SECRET:
        faults.append(f"JWT_SECRET has {length} bytes, fewer than {LEAST_SECRET}")
    if len(set(secret)) < LEAST_KINDS:
        faults.append("JWT_SECRET repeats a few characters")
    if settings.SECRET_KEY and (
        secret == settings.SECRET_KEY or settings.SECRET_KEY in secret
    ):
        faults.append("JWT_SECRET is made of SECRET_KEY")
    return Measurement.of_faults(
        faults,
        f"JWT_SECRET has {length} bytes and differs from SECRET_KEY.",
        facts={"bytes": str(length), "kid": tokens.kid_of(secret)},
    )


@probe("jwt_expiry", title="An expired access token is refused")
@_asking
def jwt_expiry(params: Params) -> Measurement:
    """Two tokens of one open session that differ in nothing but their time."""
    faults: list[str] = []
    session = account.session()
    old = tokens.access_token(session, lifetime=timedelta(seconds=-1))
    _expect("a token that still holds", _me(tokens.access_token(session)), 200, faults)
    _expect("a token one second too old", _me(old), 401, faults)
    minutes = settings.ACCESS_TOKEN_MINUTES
    return Measurement.of_faults(
        faults,
        f"Access tokens live {minutes} min; an expired one is refused.",
        facts={
            "access_minutes": str(minutes),
            "refresh_days": str(settings.REFRESH_TOKEN_DAYS),
        },
    )


@probe("jwt_revoke", title="A revoked token is refused at once")
@_asking
def jwt_revoke(params: Params) -> Measurement:
    """Opens a session of its own, revokes it over the API, and tries again."""
    faults: list[str] = []
    pair = tokens.issue(account.account())
    _expect("a token before its revocation", _me(pair.access), 200, faults)
    revoked = _post("/api/token/revoke", pair.refresh)
    _expect("the revocation", revoked, 204, faults)
    _expect("the access token after it", _me(pair.access), 401, faults)
    again = _post("/api/token/refresh", pair.refresh)
    _expect("the refresh token after it", again, 401, faults)
    return Measurement.of_faults(
        faults, "After the revocation neither token opens anything."
    )


def _post(path: str, refresh: str) -> int:
    return http.own(
        path,
        method="POST",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"refresh": refresh}).encode(),
    ).status


@probe("cors", title="Foreign web origins get no grant")
@_asking
def cors(params: Params) -> Measurement:
    """A plain and a preflight request, from an origin that nobody named."""
    faults: list[str] = []
    preflight = {"Access-Control-Request-Method": "POST"}
    for origin in (FOREIGN, "null"):
        asked = {
            "a read": http.own("/api/me", headers={"Origin": origin}),
            "a preflight": http.own(
                "/api/token", method="OPTIONS", headers={"Origin": origin, **preflight}
            ),
        }
        for what, answer in asked.items():
            grant = answer.headers.get("access-control-allow-origin", "")
            if grant in {"*", origin}:
                faults.append(f"{what} from {origin} is granted {grant!r}")
            if (
                grant == "*"
                and answer.headers.get("access-control-allow-credentials") == "true"
            ):
                faults.append(f"{what} from {origin}: * with credentials")
    named = ", ".join(settings.CORS_ORIGINS) or "none"
    return Measurement.of_faults(
        faults,
        f"No grant for a foreign origin; named origins: {named}.",
        facts={"named": named},
    )


def _content_policy(value: str) -> bool:
    return "default-src" in value and not {"'unsafe-inline'", "'unsafe-eval'"} & set(
        value.replace(";", " ").split()
    )


def _hsts(value: str) -> bool:
    parts = {part.strip().lower() for part in value.split(";")}
    ages = [part.removeprefix("max-age=") for part in parts if part.startswith("max-")]
    long = any(age.isdecimal() and int(age) >= HSTS_YEAR for age in ages)
    return long and "includesubdomains" in parts


HSTS = "Strict-Transport-Security"
RULES: dict[str, Callable[[str], bool]] = {
    "X-Content-Type-Options": lambda value: value == "nosniff",
    "X-Frame-Options": lambda value: value == "DENY",
    "X-XSS-Protection": lambda value: value == "0",
    "Content-Security-Policy": _content_policy,
    "Referrer-Policy": lambda value: value in {"same-origin", "no-referrer"},
    "Permissions-Policy": bool,
    HSTS: _hsts,
}


def _page_classes() -> dict[str, http.Reply]:
    """One answer of each kind: page, logged-in page, redirect, missing, API, health."""
    browser = sessions.browser_session(account.account())
    try:
        cookie = f"{settings.SESSION_COOKIE_NAME}={browser.session_key}"
        return {
            "the login page": http.own("/accounts/login/"),
            "a page behind the login": http.own("/", headers={"Cookie": cookie}),
            "a redirect": http.own("/"),
            "a missing page": http.own("/no-such-page/"),
            "an API answer": http.own("/api/me"),
            "the health answer": http.own("/health"),
        }
    finally:
        browser.flush()


@probe(
    "headers",
    title="Security headers on every kind of page",
    freshness=timedelta(hours=1),
)
@_asking
def headers(params: Params) -> Measurement:
    """`header` names one; without it all are looked at. HSTS needs TLS to be shown."""
    wanted = params.get("header", "")
    known = {name.lower(): name for name in RULES}
    if wanted and wanted.lower() not in known:
        return Measurement(value=None, detail="", error=f"no rule for {wanted}")
    names = [known[wanted.lower()]] if wanted else list(RULES)
    tls = http.own_base().startswith("https://")
    if names == [HSTS] and not tls:
        return Measurement(value=None, detail="", error="needs TLS")
    looked = [name for name in names if tls or name != HSTS]
    answers = _page_classes()
    faults = [
        f"{what} has {name} {answer.headers.get(name.lower(), 'not at all')!r}"
        for what, answer in answers.items()
        for name in looked
        if not RULES[name](answer.headers.get(name.lower(), ""))
    ]
    if not faults and len(looked) < len(names):
        return Measurement(
            value=None,
            detail=f"The other {len(looked)} headers are right on {len(answers)} kinds of answers.",
            error="needs TLS",
        )
    return Measurement.of_faults(
        faults, f"{', '.join(looked)}: right on {len(answers)} kinds of answers."
    )


@probe("env_secrets", title="Secrets come from the environment, never from the code")
def env_secrets(params: Params) -> Measurement:
    """`name` names one setting; without it all keys of outside services."""
    names = [params["name"]] if params.get("name") else list(settings.EXTERNAL_KEYS)
    values = {name: _setting(name) for name in names}
    missing = [name for name, value in values.items() if not value]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        error = f"{', '.join(missing)} {verb} not set"
        return Measurement(value=None, detail="", error=error)
    leaks = _tracked_files_with(list(values.values()))
    if leaks is None:
        return Measurement(value=None, detail="", error="git cannot list the files")
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
