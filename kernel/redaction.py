"""What is secret by its looks or by its name, in whatever is told: logs and the output
that evidence keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.conf import settings

BLANK = "[redacted]"
SHORTEST_OF_OURS = 6
NAME = (
    r"pass(?:word|wd|phrase)|pwd|secret|token|authorization|cookie|credential|session_?id"
    r"|api_?key|private|dsn"
)
SECRET_NAME = re.compile(rf"(?i){NAME}|^(?:key|refresh|access)$")
# Lengths are bounded: no text is walked again and again.
LOOKS = re.compile(
    # A log-in in an address: what stands between the colon and its last @, unless it
    # begins as a port and a path do.
    r"(?P<address>://[^\s/@:\"']{0,99}:(?!\d{1,5}[/?#])[^\s\"'<>]{0,199}(?=@))"
    r"|(?i:\bbearer\s+\S+|\bauthorization[\"']?\s*[:=]\s*[\"']?(?:\w+\s+)?[^\s\"']+)"
    r"|(?i:\b(?:set-)?cookie[\"']?:\s*[^\r\n]+)"
    r"|rrr_[A-Za-z0-9]+_[A-Za-z0-9_-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+"
    r"|AGE-SECRET-KEY-1\w+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=/accounts/invitation/)[\w-]+|(?<=/accounts/password/reset/)[\w-]+",
    re.DOTALL,
)
# `password=…` of a query or a DSN, `"password": "…"` of JSON or a repr; after a bare
# colon stand words about it.
PAIR = re.compile(
    rf"(?i)(?P<name>(?:{NAME})[\w-]{{0,40}}[\"']?\s*(?:=\s*|:\s*(?=b?[\"'])))"
    r"b?(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;)}\]]+)"
)


def without_secrets(text: str) -> str:
    """The text with what looks secret, what is named so and the values of our own
    secrets blanked."""
    for value in _own_values():
        if len(value) >= SHORTEST_OF_OURS:
            text = text.replace(value, BLANK)
    text = LOOKS.sub(lambda m: f"://{BLANK}" if m["address"] else BLANK, text)
    return PAIR.sub(lambda m: m["name"] + BLANK, text)


def _own_values() -> Iterator[str]:
    """None while the settings themselves are being read. The demo's password is said
    aloud."""
    if not settings.configured:
        return
    yield from (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    yield from (settings.JWT_SECRET, settings.JWT_SECRET_PREVIOUS)
    yield from (settings.METRICS_TOKEN, settings.ALERTMANAGER_TOKEN)
    yield from (settings.FIELD_KEY, settings.BACKUP_KEY)
    yield from (settings.DATABASE_PASSWORD, settings.AWS_SECRET_ACCESS_KEY)
    yield from (settings.AWS_SESSION_TOKEN, *settings.EXTERNAL_KEYS.values())
