"""People of the stories: Ada may, Grace may sign, Mallory may not."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from _pytest.junitxml import xml_key
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.models import Group
from django.db import DatabaseError
from django.test import Client
from django.test.utils import teardown_databases
from hypothesis import HealthCheck, settings

from accounts.domain import keys
from accounts.models import User
from accounts.services import overrides
from audit import services
from audit.models import guard
from kernel import versions
from kernel.limits.windows import Limit, Limiter
from kernel.remembered import forget_everything
from tests import migrated, spoken
from tests.accounts.limited import Clock, own_clock
from tests.api_schema import documented
from tests.environment import FOLDER, RUN, WORKER
from tests.heads import leave_at_once
from tests.workers import Scheduler, make_scheduler, turn

CI = bool(os.environ.get("CI"))
PASSWORD = "correct horse battery staple"
# How something is asked, refused and shown, which no server decides: one run is enough.
# Locks, races, SQL, constraints, order, exact numbers, times, caches, migrations and
# backups are asked of both.
ALIKE = {
    "": (
        *("api_schema", "architecture", "e2e", "frontend", "overview", "permissions"),
        *("processes", "settings"),
    ),
    # Counted in a file of our own; preferences, refusals and ages are words.
    "accounts": (
        *("asked_again", "files", "interrupted", "limits_floods", "login_limits"),
        *("password", "people", "preferences", "probes", "refusals", "secret_ages"),
    ),
    # Which fields are taken and which answers have a tag; what values do is asked of both.
    "api_in_use": ("nothing_ignored", "reads", "walk"),
    "audit": ("file", "page", "refusals"),
    "demo": ("people",),
    # Sockets, processes, headers, files and the words of log lines and errors.
    "kernel": (
        *("access", "access_log", "build_list", "dialling", "error_pages"),
        *("looking_up", "refusals", "special_addresses", "web"),
    ),
    # Words of files, pages and letters, archives as files, what stands outside of the
    # product; jobs, alerts, backups and restores are asked of both.
    "operations": (
        *("alert_reasons", "alert_words", "alerts_api", "backup_bucket"),
        *("backup_places", "backup_sealing", "bell", "catalogue", "channels"),
        *("csp_reports", "engine_api", "files", "headline", "memory_reports"),
        *("outside_probes", "pages", "pausing", "phone_tables", "polling"),
        *("recovery_page", "rules_api", "runbooks", "silences_api", "spool"),
        *("stale_processes", "stale_rules", "titles", "walking_probes"),
    ),
    # Files, forms and refused parameters; the APIs that they show are asked of both.
    "portfolio": (
        *("files", "holdings_page", "pages", "parameters", "performance_pdf"),
        "stating",
    ),
    # How lines are drawn, and what is refused in which words; what is written, signed
    # and counted is asked of both.
    "readiness": (
        *("attestations", "downloads", "evidence_command", "export", "exports"),
        *("filed_files", "files", "import_pages", "lines", "long_review"),
        *("page_refusals", "pages", "refusals", "refused_reads", "review_loop"),
        *("review_page", "review_pdf", "taking_the_builtin", "who_signs"),
    ),
    "security": (
        *("areas", "charsets", "ciphers", "cors", "csrf", "documented", "enumeration"),
        *("headers", "https", "htmx", "json", "login_tells_nothing"),
        *("nothing_is_run_from_text", "only_what_is_served", "passwords", "slashes"),
        *("what_a_browser_keeps", "wrong_method"),
    ),
    # The same books as by the API, which test_edge_books.py imports into both.
    "shared": ("edge_pages", "proven_lines"),
    # Forms and words over the services and queries that are asked of both.
    "trades": (
        *("amending_pages", "entry_pages", "giving_books", "import_command"),
        *("json_values", "list_state", "looking_at_files", "pages", "public_read"),
        *("refusals", "transfer_pages"),
    ),
}
TESTS = Path(__file__).parent
# No example fails by the clock of a busy machine; CI's own profile says so, too.
if not CI:
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes() -> Iterator[None]:
    """The same hash functions with less work: people are made in every test, and many
    sign. A key tells what its own took, so it opens in every process."""
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 64
    Argon2PasswordHasher.parallelism = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "make", partial(keys.make, cost=2**4))
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: Any,
) -> Iterator[None]:
    """In place of pytest-django's, which migrates for each worker."""
    with django_db_blocker.unblock():
        made = migrated.make(RUN)
    yield
    # A database that somebody still uses is dropped by the next run.
    with django_db_blocker.unblock(), suppress(DatabaseError):
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True, scope="session")
def _stamps_of_this_run() -> None:
    """They are found once a process: not first by a test with a STATE_DIR of its own."""
    versions.stamps()


@pytest.fixture(autouse=True, scope="session")
def _every_answer_is_documented() -> Iterator[None]:
    """Whoever is answered by the API what its document does not promise fails."""
    request = Client.request

    def asked(client: Client, **environ: Any) -> Any:
        answer = request(client, **environ)
        documented.check(answer)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "request", asked)
        yield


WIDE = frozenset({"api", "page", "export"})


class WideOpen:
    """An override for everybody, in the windows of the API, pages and exports."""

    def factors(self, user_id: int | None, limit: Limit) -> Sequence[int]:
        return [1000] * len(limit.windows) if limit.name in WIDE else ()


@pytest.fixture(autouse=True, scope="session")
def _wide_limits() -> Iterator[None]:
    """Who is tested for something else may ask a thousand times as often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accounts.services.limits.known", WideOpen())
        yield


@pytest.fixture(autouse=True)
def _own_limits(request: pytest.FixtureRequest, _wide_limits: None) -> Iterator[None]:
    """Each test that counts does so in a small file of its own; one marked `limits` has
    the windows that everybody has."""
    place = FOLDER / "limits-of-a-test"
    limiter = cache(lambda: Limiter(place, slots=64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accounts.services.limits.limiter", lambda name: limiter())
        if request.node.get_closest_marker("limits"):
            patch.setattr("accounts.services.limits.known", overrides.known)
        yield
    if limiter.cache_info().currsize:
        limiter().file.close()
        place.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Of the test before, whose database is rolled back and forgotten."""
    forget_everything()


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    """The clock of what limits count."""
    with own_clock(tmp_path) as clock:
        yield clock


@pytest.fixture(autouse=True, scope="session")
def heard() -> Iterator[list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        yield spoken.listen(patch)


@pytest.fixture(autouse=True)
def _told_in_words(heard: list[str]) -> Iterator[None]:
    """Every mail, message and refusal of a test is in words for people."""
    heard.clear()
    yield
    assert not list(spoken.faults(heard))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay till the end: nobody looks among them for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks no server, and what looks alike on all, is marked before marks are
    chosen. Without Chromium the browser tests say so instead of failing."""
    for item in items:
        if not asks_servers(item):
            item.add_marker("serverless")
        if comes_out_alike(item.path):
            item.add_marker("alike")
    if shutil.which("chromium") or shutil.which("google-chrome"):
        return
    missing = pytest.mark.skip(reason="Chromium is not installed")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(missing)


@pytest.hookimpl(specname="pytest_collection_modifyitems", trylast=True)
def pytest_longest_begin(items: list[pytest.Item]) -> None:
    """After pytest-django, which puts what asks no database last: so it did browsers."""
    items.sort(key=lambda item: turn(item.path.parent.name))


@cache
def comes_out_alike(path: Path) -> bool:
    """By folder and name: readiness/lies/test_lines.py is not readiness' `lines`."""
    folder, *inside = path.relative_to(TESTS).with_suffix("").parts
    subject = "/".join(inside).removeprefix("test_")
    return folder in ALIKE[""] or subject in ALIKE.get(folder, ())


def asks_servers(item: pytest.Item) -> bool:
    """Whether the test can come out otherwise on another database or Redis. Who asks
    the cache without the database says so by the mark `cached`."""
    marks = {"django_db", "process", "browser", "cached"}
    fixtures = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or any(mark.name in marks for mark in item.iter_markers())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduler:
    return make_scheduler(config, log)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """A JUnit file says which commit it is about: nobody takes it for another's."""
    report = config.stash.get(xml_key, None)
    if report is not None:
        head = ["git", "rev-parse", "HEAD"]
        told = subprocess.run(head, capture_output=True, text=True, check=False)
        report.add_global_property("commit", told.stdout.strip())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """CI skips nothing: a skipped test there fails the run."""
    if not WORKER:
        migrated.forget(RUN)
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
def _heads_leave_at_once(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most stories never commit, and a signed head that never left makes a log
    doubtful; those of the log itself say when theirs leaves."""
    if request.node.path.parent.name == "audit":
        return
    monkeypatch.setattr(services, "_publish_on_commit", leave_at_once)


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
