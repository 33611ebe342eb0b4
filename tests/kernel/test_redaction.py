"""What is secret is blanked however it is written, and nothing else is."""

import pytest
from django.conf import settings

from kernel.redaction import BLANK, without_secrets

SECRET = "Hunter2-l1ve"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"redis://:{SECRET}@cache:6379/0 refused",
        f"postgresql://rrr:{SECRET}@db/rrr failed",
        f"postgresql://rrr:a/b@c{SECRET}@db/rrr failed",
        f"token rrr_a1_{SECRET}",
        f"Authorization: Basic {SECRET}",
        f"authorization: bearer {SECRET}",
        f"said BEARER {SECRET} twice",
        f"GET /x?token={SECRET}&page=2",
        f"GET /x?page=2&password={SECRET}",
        f"host=db password={SECRET} dbname=rrr",
        f"host=db password='{SECRET} 2' dbname=rrr",
        f'{{"user": "ada", "password": "{SECRET}"}}',
        f"{{'passphrase': '{SECRET}', 'n': 1}}",
        f"{{'token': b'{SECRET}'}}",
        f"METRICS_TOKEN={SECRET}",
        f"Cookie: sessionid={SECRET}; theme=dark",
        f"set-cookie: __Host-sessionid={SECRET}",
        f"AGE-SECRET-KEY-1{SECRET.replace('-', '').upper()}{SECRET}",
        PEM,
        PEM.partition("-----END")[0],
        f"/accounts/invitation/{SECRET}/",
        f"/accounts/password/reset/{SECRET}/?next=/",
    ],
)
def test_a_secret_is_blanked(text: str) -> None:
    told = without_secrets(text)
    assert BLANK in told
    assert SECRET not in told


def test_the_values_of_our_own_secrets_are_blanked_wherever_they_stand() -> None:
    for name in ("SECRET_KEY", "JWT_SECRET", "METRICS_TOKEN", "FIELD_KEY"):
        value = getattr(settings, name)
        assert without_secrets(f"<{value}>") == f"<{BLANK}>"


@pytest.mark.parametrize(
    "text",
    [
        "password: at least 12 characters",
        "the token is missing",
        "http://127.0.0.1:8000/trades/?q=a@b is ready",
        "https://example.com/a:b@c",
        "a key of 32 bytes, key=SEC-01",
        "3 basic checks; bearing 1.5",
        "log in as trader or admin; password: demo-b0lOHRyhrvZE",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_is_no_secret_is_told_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


def test_a_long_line_takes_no_longer_than_its_length() -> None:
    """No pattern walks the same text again and again."""
    for piece in (
        "://a:",
        "password",
        "authorization: ",
        "-----BEGIN PRIVATE KEY-----",
    ):
        assert len(without_secrets(piece * 20_000)) > 0
