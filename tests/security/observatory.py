"""What Mozilla's HTTP Observatory would score an answer, by its published rules.

Source: developer.mozilla.org/en-US/observatory/docs/tests_and_scoring. 100 points,
less what is missing, and bonuses if 90 are left. Rules about a site and not an answer
(preloading, certificates, redirects from http) are the proxy's and count nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

SIX_MONTHS = 15_768_000
PRIVATE = {
    "no-referrer",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
}
UNSAFE_REFERRERS = {"origin", "origin-when-cross-origin", "unsafe-url"}
BROAD = {"*", "http:", "https:", "data:", "blob:", "http://*", "https://*"}


@dataclass(frozen=True)
class Modifier:
    result: str
    points: int


def score(response: Any, *, origin: str) -> tuple[int, list[Modifier]]:
    """The score of an answer over https from `origin`, and what made it."""
    found = [
        *_content_policy(response),
        *_cookies(response),
        *_sharing(response),
        *_referrer(response),
        *_transport(response),
        *_scripts(response, origin),
        *_sniffing(response),
        *_framing(response),
        *_resource_policy(response),
    ]
    without = 100 + sum(each.points for each in found if each.points < 0)
    bonus = sum(each.points for each in found if each.points > 0)
    return max(0, without + (bonus if without >= 90 else 0)), found


def directives(response: Any) -> dict[str, list[str]]:
    policy = response.headers.get("Content-Security-Policy", "")
    parts = [part.split() for part in policy.split(";") if part.strip()]
    return {part[0].lower(): [word.lower() for word in part[1:]] for part in parts}


def _content_policy(response: Any) -> Iterator[Modifier]:
    policy = directives(response)
    if not policy:
        yield Modifier("csp-not-implemented", -25)
        return
    default = policy.get("default-src", ["*"])
    scripts = policy.get("script-src", default)
    objects = policy.get("object-src", default)
    styles = policy.get("style-src", default)
    nonce = any(word.startswith(("'nonce-", "'sha")) for word in scripts)
    inline = "'unsafe-inline'" in scripts and not nonce
    if inline or BROAD & {*scripts, *objects}:
        yield Modifier("csp-implemented-with-unsafe-inline", -20)
    elif "'unsafe-eval'" in scripts:
        yield Modifier("csp-implemented-with-unsafe-eval", -10)
    elif any(word.startswith("http:") for words in policy.values() for word in words):
        yield Modifier("csp-implemented-with-insecure-scheme", -20)
    elif "'unsafe-inline'" in styles or BROAD & {*styles}:
        yield Modifier("csp-implemented-with-unsafe-inline-in-style-src-only", 0)
    elif default == ["'none'"]:
        yield Modifier("csp-implemented-with-no-unsafe-default-src-none", 10)
    else:
        yield Modifier("csp-implemented-with-no-unsafe", 5)


def _cookies(response: Any) -> Iterator[Modifier]:
    cookies: SimpleCookie = response.cookies
    if not cookies:
        yield Modifier("cookies-not-found", 0)
        return
    for name, cookie in cookies.items():
        session = re.search("sess|login|sid", name.lower())
        same_site = str(cookie["samesite"]).lower()
        if not cookie["secure"]:
            yield Modifier(
                f"cookies-without-secure-flag: {name}", -40 if session else -20
            )
        if session and not cookie["httponly"]:
            yield Modifier(f"cookies-session-without-httponly-flag: {name}", -30)
        if same_site and same_site not in {"strict", "lax"}:
            yield Modifier(f"cookies-samesite-flag-invalid: {name}", -20)
        if "csrf" in name.lower() and not same_site:
            yield Modifier(f"cookies-anticsrf-without-samesite-flag: {name}", -20)
    if all(cookie["secure"] and cookie["samesite"] for cookie in cookies.values()):
        yield Modifier("cookies-secure-with-httponly-sessions-and-samesite", 5)


def _sharing(response: Any) -> Iterator[Modifier]:
    if response.headers.get("Access-Control-Allow-Credentials") == "true":
        yield Modifier("cross-origin-resource-sharing-with-universal-access", -50)


def _referrer(response: Any) -> Iterator[Modifier]:
    given = response.headers.get("Referrer-Policy", "")
    words = {word.strip().lower() for word in given.split(",")}
    if words <= PRIVATE:
        yield Modifier("referrer-policy-private", 5)
    elif given:
        unsafe = "unsafe" if words & UNSAFE_REFERRERS else "header-invalid"
        yield Modifier(f"referrer-policy-{unsafe}", -5)


def _transport(response: Any) -> Iterator[Modifier]:
    given = response.headers.get("Strict-Transport-Security", "")
    age = re.search(r"max-age=(\d+)", given)
    if age is None:
        yield Modifier("hsts-not-implemented", -20)
    elif int(age[1]) < SIX_MONTHS:
        yield Modifier("hsts-implemented-max-age-less-than-six-months", -10)


def _scripts(response: Any, origin: str) -> Iterator[Modifier]:
    if "html" not in response.headers.get("Content-Type", ""):
        return
    page = b"".join(response) if response.streaming else response.content
    for tag in re.findall(r"<script\b[^>]*>", page.decode()):
        source = re.search(r'src="([^"]*)"', tag)
        foreign = source and re.match(r"(https?:)?//", source[1])
        if source and foreign and not source[1].startswith(f"{origin}/"):
            known = "integrity=" in tag
            yield Modifier("sri-not-implemented-external-script", 0 if known else -5)


def _sniffing(response: Any) -> Iterator[Modifier]:
    if response.headers.get("X-Content-Type-Options", "").lower() != "nosniff":
        yield Modifier("x-content-type-options-not-implemented", -5)


def _framing(response: Any) -> Iterator[Modifier]:
    if "'none'" in directives(response).get("frame-ancestors", []):
        yield Modifier("x-frame-options-implemented-via-csp", 5)
    elif response.headers.get("X-Frame-Options") not in {"DENY", "SAMEORIGIN"}:
        yield Modifier("x-frame-options-not-implemented", -20)


def _resource_policy(response: Any) -> Iterator[Modifier]:
    given = response.headers.get("Cross-Origin-Resource-Policy")
    if given in {"same-origin", "same-site"}:
        yield Modifier("corp-implemented-with-same-origin", 10)
    elif given not in {None, "cross-origin"}:
        yield Modifier("corp-header-invalid", -5)
