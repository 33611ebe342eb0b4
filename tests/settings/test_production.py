"""What a production start refuses, though a demo may have it; each names its variable."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings as ours
from django.urls import get_resolver

from rrr_dashboard import readers, secret_readers
from rrr_dashboard.env import SettingError
from rrr_dashboard.management.commands import doctor
from tests.settings.test_nonsense import load

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
SAFE = {
    "RRR_ENV": "production",
    "DEMO": "0",
    "METRICS_TOKEN": secrets.token_urlsafe(32),
    "SECRET_KEY": secrets.token_urlsafe(64),
    "JWT_SECRET": secrets.token_urlsafe(96),
    "ALLOWED_HOSTS": "desk.example.com,127.0.0.1",
    "PUBLIC_ORIGIN": "https://desk.example.com",
    "TRUSTED_PROXY_COUNT": "1",
}
RANDOM = "TqJ9xW3vKp7Zr2Lm8Nc5Hs1Yd4Gf6Bt0Xa-Ue_QoRiVwEjM"
SEVERAL = {
    "RATE_LIMIT_HOSTS": "2",
    "DATABASE_URL": "postgresql://db/rrr",
    "REDIS_URL": "redis://redis.internal:6379/0",
}
REFUSED = {
    "ALLOWED_HOSTS": (
        *("", "*", ".com", ".example.com", "desk.example.com,*"),
        *("com", "desk.example.com,COM", "desk.example.com,io"),
    ),
    "CORS_ORIGINS": (
        *("http://desk.example.com", "https://a.example.com,http://b.example.com"),
        *("null", "*", "https://*.example.com", "https://desk.*", "https://.com"),
        *("https://desk.example.com,null", "https://desk.example.com?"),
    ),
    "SECRET_KEY": (
        "0123456789" * 6,
        "correct horse battery staple! " * 2 + "x",
        "django-insecure-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ",
        "change-me-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "zyxwvutsrqponmlkjihgfedcba9876543210ZYXWVUTSRQPONMLKJIHGFEDCBA",
        "qwertyuiopasdfghjklzxcvbnm1234567890QWERTYUIOPASDFGHJKLZXCVBNM",
        "a1b2c3d4e5f6g7h8i9jAkBlCmDnEoFpGqHrIsJtKuLvMwNxOyPzQ-a3d8f1c9",
        f"your-secret-goes-here-{RANDOM}",
        f"please-replace-{RANDOM}",
        f"{RANDOM}-example",
        f"django-unsafe-{RANDOM}",
        f"my_SECRET_{RANDOM}",
    ),
    "SECRET_KEY_FALLBACKS": (f"replace-this-{RANDOM}",),
    "JWT_SECRET": ("abcdefghijklmnop" * 6,),
    "FIELD_KEY": tuple(
        base64.b64encode(value).decode()
        for value in (bytes(32), b"k" * 32, bytes(range(32)), b"ab" * 16)
    ),
    "PUBLIC_ORIGIN": (
        *("", "http://desk.example.com", "https://0.0.0.0", "https://[::]:8443"),
    ),
    "STATIC_URL": (
        *("http://cdn.example.com/desk/", "/", "/api/", "/api/static/", "/admin/"),
        *("/trades/", "/health/", "/openapi.json/"),
    ),
    "OUTGOING_ALLOW": (
        *("0.0.0.0/0", "::/0", "hooks.internal,0.0.0.0/1", "1.2.3.4/0", "::/6"),
    ),
    "EMAIL_URL": (
        *("smtp://ada:pass@mail.example.com", "smtp://ada:pass@mail.example.com:587"),
        "smtp://ada:pass@192.0.2.7:25",
    ),
    "STATE_DIR": ("/tmp", "/dev/shm", "/"),  # noqa: S108 - refused, not used
    "TRUSTED_PROXY_COUNT": ("", "0"),
    "RATE_LIMIT_HOSTS": ("2",),
    "METRICS_TOKEN": ("",),
}
CASES = [(name, text) for name, texts in REFUSED.items() for text in texts]


@pytest.mark.parametrize("kind", ["production", "staging"])
@pytest.mark.parametrize(("name", "text"), CASES)
def test_what_is_not_safe_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, kind: str, name: str, text: str
) -> None:
    with pytest.raises(SettingError) as refused:
        load(monkeypatch, **{**SAFE, "RRR_ENV": kind, name: text})
    assert str(refused.value).startswith(f"{name} ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", ["demo", "development"])
def test_several_hosts_on_one_file_are_refused_everywhere(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with pytest.raises(SettingError, match="but the database is SQLite"):
        load(monkeypatch, RRR_ENV=kind, RATE_LIMIT_HOSTS="2")


@pytest.mark.parametrize("redis", ["", "unix:///run/redis.sock", "unix:///r?db=1"])
@pytest.mark.parametrize("kind", ["production", "development"])
def test_several_hosts_with_a_redis_of_one_are_refused_everywhere(
    monkeypatch: pytest.MonkeyPatch, kind: str, redis: str
) -> None:
    """Each host counted in its own: twice the limits, and `doctor` said "together"."""
    several = {**SEVERAL, "RRR_ENV": kind, "REDIS_URL": redis}
    with pytest.raises(SettingError, match=r"RATE_LIMIT_HOSTS .*: set REDIS_URL to"):
        load(monkeypatch, **{**SAFE, **several})


def test_safe_settings_start(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(monkeypatch, **SAFE)
    assert found["SECURE_ORIGIN"] is True
    load(monkeypatch, **SAFE, **SEVERAL)


@pytest.mark.parametrize(
    ("redis", "level", "said"),
    [
        ("redis://redis.internal:6379/0", "ok", "together in the Redis redis.internal"),
        ("redis://127.0.0.1:6379/0", "warn", "only where that is a tunnel"),
    ],
)
def test_doctor_says_in_which_redis_hosts_count_together(
    monkeypatch: pytest.MonkeyPatch, settings: Any, redis: str, level: str, said: str
) -> None:
    settings.RATE_LIMIT_HOSTS, settings.REDIS_URL = 2, redis
    monkeypatch.setattr(doctor, "client", Mock())
    finding = doctor._limits()
    assert finding.level == level
    assert said in finding.detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALLOWED_HOSTS", "desk.example.com,localhost,web,desk_1,app,[::1]"),
        ("CORS_ORIGINS", "https://a.example.com,https://b.example.com:8443"),
        ("STATIC_URL", "https://cdn.example.com/"),
        ("STATIC_URL", "/assets/"),
        ("OUTGOING_ALLOW", "10.0.0.0/8,fc00::/7,169.254.169.254"),
        ("EMAIL_URL", "smtp://mail.internal:25"),
        ("EMAIL_URL", "smtp://ada:pass@127.0.0.1:2525"),
        ("EMAIL_URL", "smtp://ada:pass@localhost"),
        ("EMAIL_URL", "smtp+tls://ada:pass@mail.example.com:587"),
    ],
)
def test_what_is_safe_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    load(monkeypatch, **{**SAFE, name: text})


def test_static_files_lie_where_no_page_is() -> None:
    """Every first part of an address of ours is known to the reader."""
    pages = {path.split("/")[0] for path in paths(get_resolver())} - {""}
    assert pages == readers.OUR_PATHS


def paths(resolver: Any, before: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        path = f"{before}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            yield from paths(pattern, path)
        else:
            yield path


PAIRS = [
    *(("SECRET_KEY", "JWT_SECRET"), ("SECRET_KEY", "METRICS_TOKEN")),
    *(("SECRET_KEY", "JWT_SECRET_PREVIOUS"), ("JWT_SECRET", "SECRET_KEY_FALLBACKS")),
    *(("METRICS_TOKEN", "ALERTMANAGER_TOKEN"), ("JWT_SECRET", "ALERTMANAGER_TOKEN")),
    ("SECRET_KEY_FALLBACKS", "JWT_SECRET_PREVIOUS"),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_two_secrets_of_one_value_are_refused_by_their_names(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str]
) -> None:
    value = secrets.token_urlsafe(96)
    with pytest.raises(SettingError, match=r"^\w+ equals \w+: use two") as refused:
        load(monkeypatch, **{**SAFE, **dict.fromkeys(pair, value)})
    assert all(name in str(refused.value) for name in pair)
    assert value not in str(refused.value)


def test_the_secret_of_today_may_stand_among_those_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So begins a rotation."""
    before = {
        "SECRET_KEY_FALLBACKS": SAFE["SECRET_KEY"],
        "JWT_SECRET_PREVIOUS": SAFE["JWT_SECRET"],
    }
    load(monkeypatch, **SAFE, **before)


def test_a_field_key_that_is_a_token_too_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    value = base64.b64encode(secrets.token_bytes(32)).decode()
    with pytest.raises(SettingError, match=r"^FIELD_KEY equals METRICS_TOKEN: use two"):
        load(monkeypatch, **{**SAFE, "METRICS_TOKEN": value, "FIELD_KEY": value})


def test_a_random_secret_never_looks_like_a_poor_one() -> None:
    for _ in range(1_000):
        secret_readers.secret(24)(secrets.token_urlsafe(24))
        secret_readers.secret(50)(secrets.token_hex(32))
        secret_readers.secret(64)(secrets.token_urlsafe(96))
        secret_readers.key(base64.b64encode(secrets.token_bytes(32)).decode())


def test_a_refused_secret_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in REFUSED["SECRET_KEY"]:
        with pytest.raises(SettingError) as refused:
            load(monkeypatch, **{**SAFE, "SECRET_KEY": text})
        assert text not in str(refused.value)
        assert text[-12:] not in str(refused.value)


def test_an_origin_is_kept_as_browsers_write_it() -> None:
    assert readers.origin("HTTPS://Desk.Example.com:443/") == "https://desk.example.com"
    assert readers.origin("https://[2001:db8::1]:443") == "https://[2001:db8::1]"
    assert (
        readers.origin("http://desk.example.com:443") == "http://desk.example.com:443"
    )


@pytest.mark.parametrize(
    "text", ["desk..example.com", "desk.example.com.", "a" * 250 + "!"]
)
def test_a_name_with_an_empty_part_is_none(text: str) -> None:
    """The last one took minutes to refuse."""
    with pytest.raises(readers.Unfit):
        readers.served_host(text)


def test_make_check_starts_with_what_production_asks_for() -> None:
    text = (Path(ours.BASE_DIR) / "tests" / "check.sh").read_text()
    for name in {*SAFE} - {"RRR_ENV", "DEMO"}:
        assert f"{name}=" in text
