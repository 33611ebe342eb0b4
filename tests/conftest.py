"""People of the stories: Ada may, Grace may sign, Mallory may not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from audit.models import guard
from tests.workers import ONE_WORKER, Scheduler, make_scheduler

CI = bool(os.environ.get("CI"))
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes() -> None:
    """The same hash function with less work: people are made in every test."""
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 256


@pytest.fixture(autouse=True)
def _no_old_attempts() -> None:
    """Logins of the test before do not count against this one."""
    cache.delete_pattern("rl:*")  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders that take longest begin. What asks no server is marked, before
    marks are chosen. Without Chromium the browser tests say so instead of failing."""
    items.sort(key=lambda item: item.path.parent.name not in ONE_WORKER)
    for item in items:
        if not asks_servers(item):
            item.add_marker("serverless")
    if shutil.which("chromium") or shutil.which("google-chrome"):
        return
    missing = pytest.mark.skip(reason="Chromium is not installed")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(missing)


def asks_servers(item: pytest.Item) -> bool:
    """Whether the test can come out otherwise on another database or Redis. Who asks
    the cache without the database says so by the mark `cached`."""
    marks = ("django_db", "process", "browser", "cached")
    fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or any(item.get_closest_marker(mark) for mark in marks)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    return make_scheduler(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """CI skips nothing: a skipped test there fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if CI and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """person("ada", "Developer") -> a User with these roles and PASSWORD."""

    def make(username: str, *roles: str) -> User:
        user = User.objects.create_user(
            username, email=f"{username}@example.test", password=PASSWORD
        )
        user.groups.set([Group.objects.get(name=role) for role in roles])
        return user

    return make


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """client_of(user) -> a test client logged in as them."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.authentication.PeopleBackend")
        return client

    return make


@pytest.fixture(autouse=True)
def _guard_lifted_for_the_flush(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests that commit are emptied afterwards, which the log's guard refuses.

    It is lifted for that flush only; the flush's post_migrate makes it anew.
    """
    marker = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if not commits and not (marker and marker.kwargs.get("transaction")):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    guard.remove()
