"""What stands in an address is heeded or refused, and no password of it is repeated."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from django.db import connections
from kombu import Connection
from psycopg.pq import Conninfo

from kernel.postgresql.base import DatabaseClient, DatabaseWrapper
from kernel.postgresql.options import VALUES, for_programs
from operations.services.backups import postgresql
from rrr_dashboard import readers
from rrr_dashboard.env import SettingError
from tests.settings.test_nonsense import load

pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
DATABASE = "postgresql://rrr:hunter2@db.example.com:5433/rrr"
SURE = {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/db+ca.pem"}
VERIFIED = f"{DATABASE}?sslmode=verify-full&sslrootcert=/etc/ssl/db+ca.pem"
PROGRAM = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/etc/ssl/db+ca.pem"}


def database(monkeypatch: pytest.MonkeyPatch, url: str) -> dict[str, Any]:
    databases: Any = load(monkeypatch, DATABASE_URL=url)["DATABASES"]
    settings: dict[str, Any] = connections.configure_settings(databases)["default"]
    return settings


def test_how_the_database_is_reached_is_told_to_the_driver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It connected without TLS and looked at no certificate."""
    settings = database(monkeypatch, VERIFIED)
    params = DatabaseWrapper(settings).get_connection_params()
    assert params.items() >= SURE.items()
    assert params["connect_timeout"] == 3
    bare = DatabaseWrapper(database(monkeypatch, DATABASE)).get_connection_params()
    assert not set(bare) & set(VALUES)


def test_programs_of_postgresql_go_the_same_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = database(monkeypatch, f"{VERIFIED}&target_session_attrs=read-write")
    told: dict[str, str] = {}

    def run(words: Any, *, env: dict[str, str], **_: Any) -> Any:
        told.update(env)
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(postgresql, "postgresql_program", lambda name: name)
    elsewhere = {"default": DatabaseWrapper(settings)}
    monkeypatch.setattr(postgresql, "connections", elsewhere)
    postgresql._run("pg_dump", database="rrr")
    assert told.items() >= PROGRAM.items()
    assert told["PGTARGETSESSIONATTRS"] == "read-write"
    _, shell = DatabaseClient.settings_to_cmd_args_env(settings, [])
    assert shell is not None
    assert shell.items() >= PROGRAM.items()
    assert shell["PGTARGETSESSIONATTRS"] == "read-write"


def test_every_option_of_the_database_is_one_that_libpq_and_its_programs_know() -> None:
    known = {
        option.keyword.decode(): (option.envvar or b"").decode()
        for option in Conninfo.get_defaults()
    }
    for name in VALUES:
        assert for_programs({name: "x"}) == {known[name]: "x"}


@pytest.mark.parametrize(
    ("name", "url", "why"),
    [
        ("DATABASE_URL", f"{DATABASE}?ssl_mode=require", "not known here, ssl_mode"),
        ("DATABASE_URL", f"{DATABASE}?application_name=a", "application_name"),
        (
            "DATABASE_URL",
            f"{DATABASE}?sslmode=require&sslmode=disable",
            "sslmode twice",
        ),
        ("DATABASE_URL", f"{DATABASE}?sslmode=verify_full", "sslmode, but not one of"),
        ("DATABASE_URL", f"{DATABASE}?sslmode=", "sslmode, but not one of"),
        ("DATABASE_URL", f"{DATABASE}?sslmode", "sslmode, but not one of"),
        ("DATABASE_URL", f"{DATABASE}?sslrootcert=ca.pem", "by its absolute path"),
        ("DATABASE_URL", f"{DATABASE}#sslmode=require", "write # as %23"),
        ("DATABASE_URL", "sqlite:////srv/rrr.sqlite3?mode=ro", "takes none"),
        ("DATABASE_URL", "sqlite:////srv/rrr.sqlite3#1", "write # as %23"),
        ("REDIS_URL", "redis://:hunter2@redis:6379/0?db=3", "not known here, db"),
        ("REDIS_URL", "redis://redis:6379/0?ssl_ca_certs=/ca", "redis:// takes none"),
        ("REDIS_URL", "redis://redis:6379/0#1", "write # as %23"),
        ("REDIS_URL", "unix:///run/redis.sock?db=2&foo=1", "not known here, foo"),
        ("REDIS_URL", "unix:///run/redis.sock?db=two", "no whole number"),
        ("REDIS_URL", "rediss://redis/0?ssl_cert_reqs=maybe", "not one of required"),
        ("CELERY_BROKER_URL", "redis://redis/0?visibility_timeout=9", "takes none"),
        ("CELERY_BROKER_URL", "redis+socket:///r.sock?db=1", "takes virtual_host"),
        ("EMAIL_URL", "smtp+tls://ada:hunter2@mail:587?timeout=3", "takes none"),
        ("EMAIL_URL", "smtp+tls://ada:hunter2@mail:587/desk", "is no mail server"),
        ("EMAIL_URL", "smtp+tls://ada:hunter2@mail:587#desk", "write # as %23"),
    ],
)
def test_what_nobody_would_heed_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, why: str
) -> None:
    with pytest.raises(SettingError) as refused:
        load(monkeypatch, **{name: url})
    assert str(refused.value).startswith(f"{name} ")
    assert why in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_broker_behind_tls_has_its_certificate_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Celery believes any, unless it is told to look."""
    url = "rediss://:secret@redis:6380/1"
    given = f"{url}?ssl_ca_certs=/etc/ssl/redis.pem"
    for settings in ({"REDIS_URL": given}, {"CELERY_BROKER_URL": given}):
        found: Any = load(monkeypatch, **settings)
        ssl: Any = Connection(found["CELERY_BROKER_URL"]).ssl
        assert ssl["ssl_cert_reqs"].name == "CERT_REQUIRED"
        assert ssl["ssl_ca_certs"] == "/etc/ssl/redis.pem"
    named: Any = load(monkeypatch, REDIS_URL=f"{url}?ssl_cert_reqs=none")
    unlooked: Any = Connection(named["CELERY_BROKER_URL"]).ssl
    assert unlooked["ssl_cert_reqs"].name == "CERT_NONE"
    by_socket: Any = load(monkeypatch, REDIS_URL="unix:///run/redis.sock?db=2")
    assert (
        by_socket["CELERY_BROKER_URL"]
        == "redis+socket:///run/redis.sock?virtual_host=2"
    )


SECRET_ADDRESSES = (
    "sftp://user:hunter2@host/dir",
    "https://user:hunter2@host",
    "https://user:hun@ter2/hunter2@host/",
    "https://host/?token=hunter2",
    "https://user:hunter2",
    "https://user:hunter2,hunter2@host",
    "user:hunter2@host",
    "https://host/#hunter2",
)


@pytest.mark.parametrize("text", SECRET_ADDRESSES)
@pytest.mark.parametrize(
    "name",
    [
        *("BACKUP_URL", "INTERNAL_URL", "CORS_ORIGINS", "STATIC_URL", "BIND"),
        *("OUTGOING_ALLOW", "PUBLIC_ORIGIN", "ALLOWED_HOSTS", "AWS_ENDPOINT_URL"),
        *("WATCHDOG_URL", "OTLP_ENDPOINT", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"),
    ],
)
def test_a_refusal_repeats_no_password(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    said = ""
    try:
        load(monkeypatch, **{name: text})
    except SettingError as refused:
        said = str(refused)
    assert "ter2" not in said


def test_an_address_without_a_password_is_told_as_it_stands() -> None:
    assert readers.shown("sftp://host:22/dir") == "'sftp://host:22/dir'"
    assert readers.shown("http://[::1]:8000/x") == "'http://[::1]:8000/x'"
    assert readers.shown("sftp://ada:hunter2@host/dir") == "'sftp://…@host/dir'"
    assert readers.shown("https://host/p?token=1") == "'https://host/p?…'"


def test_a_place_of_static_files_with_a_password_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every page would tell it."""
    with pytest.raises(SettingError, match=r"^STATIC_URL is 'https://…@cdn/'"):
        load(monkeypatch, STATIC_URL="https://ada:hunter2@cdn/")
