"""Small things that everything stands on: tags, locks, Redis, the build."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import RequestFactory

from kernel import build, cache, locks, redis, registry, valkey
from kernel.numbers import PRECISION
from kernel.versions import Stamps, place_of
from kernel.web import not_modified, wanted_part

pytestmark = pytest.mark.cached


@pytest.mark.parametrize("hosts", [1, 2])
def test_a_tag_changes_when_it_is_bumped_and_only_then(
    django_capture_on_commit_callbacks: Any, db: None, settings: Any, hosts: int
) -> None:
    settings.RATE_LIMIT_HOSTS = hosts
    of_a = cache.tag("a")
    before = cache.tag("a", "b")
    assert cache.tag("a", "b") == before
    with django_capture_on_commit_callbacks(execute=True):
        cache.bump("b")
        assert cache.tag("a", "b") == before, "not before the commit"
    assert cache.tag("a", "b") != before
    assert cache.tag("a") == of_a


def test_a_tag_of_one_host_needs_no_server_and_outlives_no_lost_file(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(redis.BREAKER, "_open_until", float("inf"))
    places = [place_of("a")]
    lost = Stamps(tmp_path / "versions")
    before = lost.at(places)
    assert Stamps(tmp_path / "versions").at(places) == before
    (tmp_path / "versions").unlink()
    assert Stamps(tmp_path / "versions").at(places) != before
    assert cache.tag("a") == cache.tag("a") != cache.tag("a", "b")


@pytest.fixture
def hanging_redis(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """A server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        settings.REDIS_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        monkeypatch.setattr(redis, "_client", None)
        yield listener


def test_a_hanging_redis_is_asked_once_and_then_left_alone(
    hanging_redis: socket.socket,
) -> None:
    breaker, asked = redis.Breaker(), []

    def ask() -> str:
        asked.append(1)
        return str(redis.client().get("x"))

    assert [breaker.call(ask, otherwise="nothing") for _ in range(20)] == [
        "nothing"
    ] * 20
    assert len(asked) == 1


def test_without_redis_nothing_stale_is_served_and_the_change_is_owed(
    settings: Any,
    db: None,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.RATE_LIMIT_HOSTS = 2
    held = cache.tag("owed")
    with monkeypatch.context() as away:
        away.setattr(redis.BREAKER, "_open_until", float("inf"))
        assert cache.tag("owed") != cache.tag("owed")
        with django_capture_on_commit_callbacks(execute=True):
            cache.bump("owed")
    monkeypatch.setattr(redis.BREAKER, "_open_until", 0.0)
    assert cache.tag("owed") != held


def test_a_refused_redis_is_a_cache_miss_and_no_error() -> None:
    """django-redis wraps the client's errors in one of its own."""
    program = (
        "import django; django.setup()\n"
        "from django.core.cache import cache\n"
        "assert cache.get('x', 'missing') == 'missing'\n"
        "assert cache.get_many(['x']) == {}\n"
        "assert not cache.set('x', 1) and not cache.add('x', 1)\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=conf.BASE_DIR, check=False
    )
    assert done.returncode == 0


def test_a_lock_is_shared_or_exclusive_across_processes(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    program = (
        "import sys; from pathlib import Path; from kernel import locks\n"
        "try: locks.hold(Path(sys.argv[1]), exclusive=sys.argv[2] == 'alone')\n"
        "except locks.Busy: sys.exit(7)\n"
    )

    def other(how: str) -> int:
        words = [sys.executable, "-c", program, str(path), how]
        return subprocess.run(words, cwd=conf.BASE_DIR, check=False).returncode

    locks.hold(path, exclusive=False)
    try:
        assert (other("shared"), other("alone")) == (0, 7)
    finally:
        locks.release(path)
    assert other("alone") == 0


def test_a_name_is_registered_once() -> None:
    registry.probe("only-once", title="x")(lambda params: registry.Measurement("0", ""))
    try:
        with pytest.raises(ValueError, match="twice"):
            registry.probe("only-once", title="y")(
                lambda params: registry.Measurement("0", "")
            )
    finally:
        del registry.PROBES["only-once"]


def test_only_a_clean_known_commit_proves() -> None:
    assert build.Build("a" * 40, clean=True).proves
    assert not build.Build("a" * 40, clean=False).proves
    assert not build.Build(build.UNKNOWN, clean=True).proves


def test_the_socket_of_a_long_path_moves_to_a_private_folder(tmp_path: Path) -> None:
    assert valkey.socket_path(Path("/short")) == Path("/short/valkey.sock")
    moved = valkey.socket_path(tmp_path / ("x" * 200))
    assert len(str(moved)) <= valkey.LONGEST_SOCKET
    assert moved.parent.stat().st_mode & 0o777 == 0o700
    moved.parent.rmdir()


def test_htmx_names_its_target_behind_the_hash() -> None:
    factory = RequestFactory()
    partial = {"HX-Request-Type": "partial", "HX-Target": "li#SEC-01"}
    assert wanted_part(factory.get("/", headers=partial)) == "SEC-01"
    assert wanted_part(factory.get("/", headers={"HX-Target": "li#SEC-01"})) is None


@pytest.mark.parametrize("held", ['"v1"', 'W/"v1"', '"v0", W/"v1"', '"v1;gzip"'])
def test_a_poll_that_holds_the_tag_gets_a_304(held: str) -> None:
    request = RequestFactory().get("/", headers={"If-None-Match": held})
    answer = not_modified(request, "v1")
    assert answer is not None
    assert answer.status_code == 304
    assert not_modified(request, "v2") is None


def test_precision_is_eighty_in_every_thread() -> None:
    import decimal

    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(decimal.getcontext().prec))
    thread.start()
    thread.join()
    assert [decimal.getcontext().prec, *seen] == [PRECISION, PRECISION]
