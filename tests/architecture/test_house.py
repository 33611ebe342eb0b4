"""Rules that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
APPS = ("kernel", "audit", "accounts", "operations", "trades", "portfolio", "readiness")
MONEY = ("kernel/numbers.py", "kernel/fields.py", "trades", "portfolio")
FLOATS_ALLOWED = {
    # SQLite hands our SUM and AVG what other columns hold.
    "kernel/fields.py",
}


def sources(*places: str) -> list[Path]:
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [path for path in found if "migrations" not in path.parts]


def test_no_migration_is_missing(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_celery_publishes_to_our_broker() -> None:
    """Without the import in wsgi a web process' tasks go to amqp://localhost."""
    from rrr_dashboard import celery, wsgi

    assert wsgi.application is not None
    assert celery.app.conf.broker_url == settings.CELERY_BROKER_URL
    assert current_app.conf.broker_url == settings.CELERY_BROKER_URL


@pytest.mark.parametrize("app", APPS)
def test_packages_of_rooms_are_empty(app: str) -> None:
    """So that the pure parts import without Django, and imports stay what they say."""
    rooms = [ROOT / app, ROOT / app / "domain", ROOT / app / "services"]
    for room in rooms:
        path = room / "__init__.py"
        assert not path.exists() or path.read_text().strip() == "", path


# Pure functions of returns: the only floats of money.
STATISTICS = {
    f"portfolio/domain/{name}.py"
    for name in ("against", "distribution", "statistics", "tails")
}


def test_money_code_calls_no_float() -> None:
    floats = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*MONEY)
        if str(path.relative_to(ROOT)) not in FLOATS_ALLOWED
        and path.relative_to(ROOT).as_posix() not in STATISTICS
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    }
    assert floats == set()


def test_services_ring_no_bell_themselves() -> None:
    """They ask the scheduler for a row; only operations publishes to Celery."""
    callers = [
        str(path.relative_to(ROOT))
        for app in APPS
        for path in sources(app)
        if ".delay(" in path.read_text() or "apply_async(" in path.read_text()
    ]
    assert all(caller.startswith("operations/") for caller in callers), callers
