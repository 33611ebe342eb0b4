"""Access tokens: issued, checked, expiring and revocable, at every address."""

from __future__ import annotations

import json
from datetime import timedelta

from django.conf import settings

from accounts.probes.asking import expect, over_http, refused_everywhere, status
from accounts.services import probe as account
from accounts.services import tokens
from kernel import http
from kernel.registry import Measurement, Params, probe


@probe("jwt", title="Access tokens are issued, accepted and checked")
@over_http
def jwt(params: Params) -> Measurement:
    """A good token opens /api/me; one with another signature, none, or one that says
    it needs no signature, opens nothing anywhere."""
    faults: list[str] = []
    good = account.token()
    head, claims, signature = good.split(".")
    forged = f"{head}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    unsigned = f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."
    expect("a good token", status("/api/me", good), 200, faults)
    expect("no token", status("/api/me"), 401, faults)
    tried = refused_everywhere("a token with another signature", forged, faults)
    refused_everywhere("a token without a signature", unsigned, faults)
    return Measurement.of_faults(
        faults,
        "A good token is accepted; none, a forged and an unsigned one are refused at "
        f"{tried} addresses.",
    )


@probe("jwt_expiry", title="An expired access token is refused")
@over_http
def jwt_expiry(params: Params) -> Measurement:
    """Two tokens of one open session that differ in nothing but their time."""
    faults: list[str] = []
    session = account.session()
    holds, old = (
        tokens.access_token(session),
        tokens.access_token(session, lifetime=timedelta(seconds=-1)),
    )
    expect("a token that still holds", status("/api/me", holds), 200, faults)
    tried = refused_everywhere("a token one second too old", old, faults)
    minutes = settings.ACCESS_TOKEN_MINUTES
    return Measurement.of_faults(
        faults,
        f"Access tokens live {minutes} min; an expired one is refused at {tried} "
        "addresses.",
        facts={
            "access_minutes": str(minutes),
            "refresh_days": str(settings.REFRESH_TOKEN_DAYS),
        },
    )


@probe("jwt_revoke", title="A revoked token is refused at once")
@over_http
def jwt_revoke(params: Params) -> Measurement:
    """Opens a session of its own, revokes it over the API, and tries again."""
    faults: list[str] = []
    pair = tokens.issue(account.account())
    expect("a token before its revocation", status("/api/me", pair.access), 200, faults)
    expect(
        "the revocation", _post("/api/token/revoke", pair.refresh).status, 204, faults
    )
    tried = refused_everywhere("the access token after it", pair.access, faults)
    again = _post("/api/token/refresh", pair.refresh).status
    expect("the refresh token after it", again, 401, faults)
    return Measurement.of_faults(
        faults,
        f"After the revocation neither token opens anything at {tried} addresses.",
    )


def _post(path: str, refresh: str) -> http.Reply:
    return http.in_turn(
        path,
        method="POST",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"refresh": refresh}).encode(),
    )


def signing_kid(faults: list[str]) -> str:
    """The name of the key with which the web process signs, which may have been
    started with another one than we; "" where it does not tell, with the fault."""
    # With its libraries, which most processes that know this probe never need.
    from accounts.services.signing import kid_in

    pair = tokens.issue(account.account())
    answer = _post("/api/token/refresh", pair.refresh)
    if answer.status != 200:
        faults.append(f"/api/token/refresh answers {answer.status}")
        return ""
    made = json.loads(answer.body)
    tokens.revoke(made["refresh"])
    return kid_in(made["access"])
