"""Every setting of .env.example, given nonsense: one sentence that names it."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

import pytest
from django.conf import settings

from rrr_dashboard.env import SettingError, read_dotenv

EXAMPLE = set(read_dotenv(Path(settings.BASE_DIR) / ".env.example"))
# Settings are loaded anew, in this process.
pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
LONG = "9" * 5_000
NONSENSE: dict[str, tuple[str, ...]] = {
    "RRR_ENV": ("prod", "DEMO"),
    "DEMO": ("maybe", "2"),
    "RRR_COMMIT": ("main", "bf5fedf", "Z" * 40),
    "RRR_VERSION": ("a b", "<script>", LONG),
    "BIND": ("everywhere", "localhost", "999.1.1.1", "127.0.0.1:8000"),
    "PORT": ("0", "70000", "-1", "eighty", "80.5", "٨٠", LONG),
    "PUBLIC_ORIGIN": (
        *("desk.example.test", "https://desk.example.test/rrr", "ftp://desk.example"),
        *("https://", "https://desk:port", "https://ada:pw@desk.example.test"),
    ),
    "INTERNAL_URL": ("web:8000", "http://web:8000/health", "http://web:port"),
    "ALLOWED_HOSTS": ("https://desk.example.test", "desk:8000", "a b", "desk,,a/b"),
    "CORS_ORIGINS": ("*", "desk.example.test", "https://desk.example.test/path"),
    "TRUSTED_PROXY_COUNT": ("one", "-1", "21", LONG),
    "STATIC_URL": ("static", "/static", "//cdn/", "ftp://cdn.example/", "https:///"),
    "PUBLIC_READ": ("perhaps",),
    "SECRET_KEY": ("secret", "a" * 80),
    "JWT_SECRET": ("secret", "a" * 80),
    "SECRET_KEY_FALLBACKS": ("old", "a" * 80),
    "JWT_SECRET_PREVIOUS": ("old", "a" * 80),
    "FIELD_KEY": ("key", "a" * 44, "ü" * 44),
    "BACKUP_KEY": ("key", "AGE-SECRET-KEY-1QQQ", "age1qqq", LONG),
    "METRICS_TOKEN": ("token", "a" * 80),
    "ALERTMANAGER_TOKEN": ("token",),
    "DATABASE_URL": (
        *("mysql://db/rrr", "rrr.sqlite3", "sqlite:///", "sqlite://rrr.sqlite3"),
        *("postgresql://", "postgresql://db", "postgresql://[db/rrr"),
        *("postgresql://db:99999/rrr", "postgresql://rrr:a/b@db/rrr"),
    ),
    "SQLITE_SYNCHRONOUS": ("OFF", "2"),
    "REDIS_URL": (
        *("localhost", "redis://", "http://127.0.0.1:6379", "redis://h:port/0"),
        *("redis://h/zero", "unix://", "unix://relative"),
    ),
    "CELERY_BROKER_URL": ("amqp://h", "memory://", "redis://h:99999", "redis+socket:"),
    "RATE_LIMIT_HOSTS": ("0", "two", "1001", LONG),
    "EMAIL_URL": ("ada@example.test", "http://mail", "smtp://", "smtp://mail:port"),
    "WATCHDOG_URL": ("example.test/ping", "ftp://example.test", "https://"),
    "OUTGOING_ALLOW": ("10.0.0.0/99", "http://hooks", "a b", "*"),
    "OTLP_ENDPOINT": ("collector", "https://"),
    "BACKUP_URL": (
        "s3://",
        "s3://Desk/backups",
        "s3://b",
        "ftp://host/backups",
        "gs://x",
    ),
    "AWS_ENDPOINT_URL": ("minio:9000", "s3://host", "https://"),
    "BACKUP_FREQUENCY": ("never", "0h", "24", "24 h", "1w", "every 1d", "٣h"),
    "BACKUP_RETENTION": ("forever", "24", "0h", "24h;7d"),
}
# Any place may be meant; `serve` tries them (tests/processes/test_bad_starts.py).
PLACES = {"STATE_DIR", "LOG_KEY_FILE", "CHECKPOINT_DIR"}
# Opaque to us, or read by nothing but the tests.
OPAQUE = {
    *("DEMO_PASSWORD", "POLYGON_API_KEY", "COINBASE_API_KEY"),
    *("COINBASE_API_SECRET", "PERPLEXITY_API_KEY", "ANTHROPIC_API_KEY"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"),
    *("QWEN_API_KEY", "DATABASE_PASSWORD", "TEST_DATABASE_URL", "TEST_REDIS_URL"),
}
CASES = [(name, text) for name, texts in NONSENSE.items() for text in texts]


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, object]:
    """The settings of a process with this environment."""
    for name in EXAMPLE - {"SECRET_KEY", "JWT_SECRET", "STATE_DIR"}:
        monkeypatch.setenv(name, "")
    for name, value in {"RRR_ENV": "development", **environment}.items():
        monkeypatch.setenv(name, value)
    return runpy.run_module("rrr_dashboard.settings")


def test_no_setting_is_left_out() -> None:
    assert set(NONSENSE) | PLACES | OPAQUE == EXAMPLE


@pytest.mark.parametrize(("name", "text"), CASES)
def test_nonsense_is_refused_in_a_sentence_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    with pytest.raises(SettingError) as refused:
        load(monkeypatch, **{name: text})
    sentence = str(refused.value)
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 6_000


@pytest.mark.parametrize(
    "url", ["postgresql://rrr:hunter2@db:port/rrr", "mysql://rrr:hunter2@db/rrr"]
)
def test_a_password_in_an_address_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL"):
        with pytest.raises(SettingError) as refused:
            load(monkeypatch, **{name: url})
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ALLOWED_HOSTS", "desk.example.test,.example.test,127.0.0.1,[::1]"),
        ("BIND", "::1"),
        ("CORS_ORIGINS", "https://desk.example.test,http://localhost:5173"),
        ("DATABASE_URL", "postgresql://rrr:a%2Fb%40c@db.example.test:5432/rrr"),
        ("DATABASE_URL", "postgresql:///rrr"),
        ("DATABASE_URL", "postgresql://rrr@%2Fvar%2Frun%2Fpostgresql/rrr"),
        ("EMAIL_URL", "smtp+tls://ada:pass%40word@mail.example.test:587"),
        ("OUTGOING_ALLOW", "10.0.0.0/8, hooks.internal, fd00::/8"),
        ("PUBLIC_ORIGIN", "https://desk.example.test:8443/"),
        ("REDIS_URL", "rediss://:secret@redis_1:6379/3"),
        ("REDIS_URL", "unix:///run/redis.sock?db=2"),
        ("CELERY_BROKER_URL", "redis+socket:///run/redis.sock?virtual_host=1"),
        ("STATIC_URL", "https://cdn.example.test/desk/"),
    ],
)
def test_what_makes_sense_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    load(monkeypatch, **{name: text})


def test_a_database_password_stands_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(
        monkeypatch,
        DATABASE_URL="postgresql://rrr:another@db/rrr",
        DATABASE_PASSWORD="p@ss/w%41rd#?",
    )
    databases = loaded["DATABASES"]
    assert isinstance(databases, dict)
    assert databases["default"]["PASSWORD"] == "p@ss/w%41rd#?"


@pytest.mark.parametrize("spelling", ["sqlite:////", "sqlite:///"])
def test_a_sqlite_file_by_its_absolute_path(
    monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    """Four slashes are the usual spelling, three ours of old."""
    found = load(monkeypatch, DATABASE_URL=f"{spelling}srv/desk/rrr.sqlite3")
    databases = found["DATABASES"]
    assert isinstance(databases, dict)
    assert databases["default"]["NAME"] == "file:/srv/desk/rrr.sqlite3?mode=rwc"


def test_a_relative_place_is_the_same_for_every_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    found = load(monkeypatch, CHECKPOINT_DIR="checkpoints")
    assert found["CHECKPOINT_DIR"] == Path(settings.BASE_DIR) / "checkpoints"


@pytest.mark.parametrize("kind", ["development", "staging", "production"])
def test_demo_data_belongs_to_the_demo_only(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    secrets = {
        "METRICS_TOKEN": os.environ["METRICS_TOKEN"],
        "ALLOWED_HOSTS": "desk.example.test",
        "PUBLIC_ORIGIN": "https://desk.example.test",
        "TRUSTED_PROXY_COUNT": "1",
    }
    with pytest.raises(SettingError, match=r"DEMO is on, but RRR_ENV is .*set DEMO=0"):
        load(monkeypatch, RRR_ENV=kind, DEMO="1", **secrets)


@pytest.mark.parametrize(("demo", "names"), [("1", True), ("0", False)])
def test_an_empty_start_knows_no_demo_logins(
    monkeypatch: pytest.MonkeyPatch, demo: str, names: bool
) -> None:
    found = load(monkeypatch, RRR_ENV="demo", DEMO=demo)
    assert bool(found["DEMO_LOGINS"]) is names


@pytest.mark.parametrize("line", ["PORT 8000", "export PORT=8000", "=8000", "8000"])
def test_a_line_of_dotenv_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    """It was left out in silence, and the product answered elsewhere."""
    path = tmp_path / ".env"
    path.write_text(f"# where it answers\n\n{line}\n")
    with pytest.raises(SettingError, match=r"line 3, is no NAME=value; mend it"):
        read_dotenv(path)


def test_a_secret_file_that_is_no_text_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match=r"METRICS_TOKEN_FILE names .* no UTF-8"):
        load(monkeypatch, METRICS_TOKEN_FILE=str(tmp_path / "token"))
