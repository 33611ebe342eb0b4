"""What a production start refuses, though a demo may have it; each names its variable."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings as ours

from rrr_dashboard import readers
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
SEVERAL = {
    "RATE_LIMIT_HOSTS": "2",
    "DATABASE_URL": "postgresql://db/rrr",
    "REDIS_URL": "redis://redis.internal:6379/0",
}
REFUSED = {
    "ALLOWED_HOSTS": ("", "*", ".com", ".example.com", "desk.example.com,*"),
    "CORS_ORIGINS": (
        *("null", "*", "https://*.example.com", "https://desk.*", "https://.com"),
        *("https://desk.example.com,null", "https://desk.example.com?"),
    ),
    "SECRET_KEY": (
        "0123456789" * 6,
        "correct horse battery staple! " * 2 + "x",
        "django-insecure-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ",
        "change-me-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
    ),
    "JWT_SECRET": ("abcdefghijklmnop" * 6,),
    "PUBLIC_ORIGIN": ("", "http://desk.example.com"),
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


def test_a_random_secret_never_looks_like_a_repeated_one() -> None:
    for _ in range(1_000):
        readers.secret(24)(secrets.token_urlsafe(24))
        readers.secret(50)(secrets.token_hex(32))


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
