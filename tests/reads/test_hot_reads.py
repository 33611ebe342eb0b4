"""A kept answer is never another person's, never stale, never unlimited."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, User
from accounts.services.service_tokens import NewToken, make, revoke
from kernel import remembered, versions
from kernel.versions import stamps
from rrr_dashboard.reads import answers, gate, marks
from tests.reads.conftest import Desk
from trades.models import Book
from trades.services.books import NewBook, create_book, locked

pytestmark = pytest.mark.django_db(transaction=True)
TRADES = "/api/trades?limit=50"
Token = Callable[[User], str]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """clock(0.9): that is just over for marks and kept answers; no other time passes."""
    began, passed = time.monotonic(), [0.0]

    def now() -> float:
        return began + passed[0]

    class Clock:
        monotonic = staticmethod(now)

    monkeypatch.setattr(marks, "time", Clock)
    monkeypatch.setattr(remembered, "time", Clock)
    return lambda seconds: passed.__setitem__(0, passed[0] + seconds + 0.001)


@pytest.mark.parametrize("path", sorted(gate.HOT))
def test_a_second_read_asks_no_database_and_is_the_same(
    path: str, desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    first = desk.hot(path, token)
    with CaptureQueriesContext(connection) as queries:
        second = desk.hot(path, token)
    assert first.code == second.code == 200
    assert (desk.computed, len(queries)) == (1, 0)
    assert second.content == first.content
    assert second.headers.keys() == first.headers.keys()
    plain = desk.fresh(path, token)
    assert plain.etag == second.etag
    assert plain.headers.keys() == second.headers.keys()


def test_each_answer_has_its_own_id_and_count(
    desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    first, second = (desk.hot(TRADES, token) for _ in range(2))
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert first.headers["RateLimit"] != second.headers["RateLimit"]
    named = desk.hot(TRADES, token, X_Request_ID="mine-1")
    assert named.headers["X-Request-ID"] == "mine-1"
    assert desk.computed == 1


def test_who_holds_it_is_told_so(
    desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    held = desk.hot(TRADES, token).etag
    again = desk.hot(TRADES, token, If_None_Match=held)
    assert (again.code, again.content, again.etag) == (304, b"", held)
    assert not again.headers.keys() & {"Content-Type", "Content-Length"}
    # The first to ask after a change may be one who holds what was before it.
    create_book(NewBook("another", "USD"), ada)
    assert desk.hot(TRADES, token, If_None_Match=held).code == 304  # no trade in it
    assert desk.hot(TRADES, token).content
    assert desk.computed == 2


def test_gzip_is_kept_apart(desk: Desk, ada: User, book: Book, token_of: Token) -> None:
    token = token_of(ada)
    plain = desk.hot("/api/performance", token)
    packed = desk.hot("/api/performance", token, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    unpacked = json.loads(gzip.decompress(packed.content))
    assert unpacked.keys() == json.loads(plain.content).keys()
    assert desk.hot("/api/performance", token).content == plain.content


def test_nobody_gets_what_another_may_read(
    desk: Desk, ada: User, book: Book, person: Callable[..., User], token_of: Token
) -> None:
    mine = desk.hot("/api/portfolio", token_of(ada))
    mallory = person("mallory", "Trader")
    theirs = desk.hot("/api/portfolio", token_of(mallory))
    assert mine.code == theirs.code == 200
    assert desk.computed == 2
    assert mine.etag != theirs.etag


def test_a_revoked_session_is_dead_when_its_mark_is(
    desk: Desk,
    ada: User,
    book: Book,
    token_of: Token,
    clock: Callable[[float], None],
) -> None:
    token = token_of(ada)
    assert desk.hot(TRADES, token).code == 200
    Session.objects.filter(user=ada).update(revoked_at="2026-01-01T00:00:00Z")
    clock(versions.BELIEVED_SECONDS)
    assert desk.hot(TRADES, token).code == 401
    assert versions.BELIEVED_SECONDS < 1


def test_a_role_taken_away_counts_when_the_mark_is_dead(
    desk: Desk,
    ada: User,
    book: Book,
    token_of: Token,
    clock: Callable[[float], None],
) -> None:
    token = token_of(ada)
    assert desk.hot(TRADES, token).code == 200
    ada.groups.set([Group.objects.get(name="Developer")])
    clock(versions.BELIEVED_SECONDS)
    assert desk.hot(TRADES, token).code == desk.fresh(TRADES, token).code == 403


def test_a_write_that_told_nobody_is_seen_when_the_mark_is_dead(
    desk: Desk,
    ada: User,
    book: Book,
    token_of: Token,
    clock: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its process was killed between commit and telling: nobody was answered."""
    from django.db import transaction

    token = token_of(ada)
    desk.hot(TRADES, token)
    with transaction.atomic(), monkeypatch.context() as patch:
        patch.setattr(versions, "changed", lambda *names: None)
        patch.setattr(transaction, "on_commit", lambda run: None)
        locked(book)
    desk.hot(TRADES, token)
    assert desk.computed == 1
    clock(versions.BELIEVED_SECONDS)
    desk.hot(TRADES, token)
    assert desk.computed == 2


def test_where_stamps_cannot_be_written_the_writer_waits_until_nobody_believes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    asleep = threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if seconds == versions.OWED_SECONDS:
            asleep.acquire(timeout=10)

    def full(names: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kernel.versions.time.sleep", sleep)
    place = [versions.place_of("book:1")]
    before = stamps().at(place)
    with monkeypatch.context() as patch:
        patch.setattr(stamps(), "change", full)
        versions.changed("book:1")
        asleep.release()  # it is tried again, in vain
    assert versions.BELIEVED_SECONDS in slept
    assert stamps().at(place) == before
    for _ in range(1000):
        asleep.release()
        if stamps().at(place) != before:
            break
        threading.Event().wait(0.01)
    assert stamps().at(place) != before


def test_several_hosts_ask_the_database_each_time(
    desk: Desk, ada: User, book: Book, token_of: Token, settings: LazySettings
) -> None:
    token = token_of(ada)
    settings.RATE_LIMIT_HOSTS = 2
    desk.hot(TRADES, token)
    with CaptureQueriesContext(connection) as queries:
        desk.hot(TRADES, token)
    assert desk.computed == 1
    assert len(queries) == 3  # who it speaks for, market, books
    # Another host's write: of its stamps nothing is known here.
    Book.objects.filter(pk=book.pk).update(version=7)
    desk.hot(TRADES, token)
    assert desk.computed == 2


@pytest.mark.limits
def test_what_is_kept_counts_like_what_is_computed(
    desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    codes = [desk.hot(TRADES, token).code for _ in range(11)]
    assert codes == [200] * 10 + [429]
    assert desk.computed == 2  # the first, and the refusal
    first, second = desk.fresh(TRADES, token), desk.hot(TRADES, token)
    assert desk.computed == 2
    assert first.code == second.code == 429
    assert first.headers.keys() == second.headers.keys()
    assert int(second.headers["Retry-After"]) >= 1
    told, again = json.loads(first.content), json.loads(second.content)
    assert again.pop("request_id") == second.headers["X-Request-ID"]
    assert told.pop("request_id") == first.headers["X-Request-ID"]
    assert again == told


def test_a_service_token_reads_within_its_scopes(
    desk: Desk,
    ada: User,
    book: Book,
    clock: Callable[[float], None],
) -> None:
    reads = NewToken(name="reads", scopes=["trading:read"], days=1)
    other = NewToken(name="other", scopes=["audit:read"], days=1)
    (row, token), (_, narrow) = make(reads, ada, by=ada), make(other, ada, by=ada)
    assert [desk.hot(TRADES, token).code for _ in range(3)] == [200] * 3
    assert desk.computed == 1
    assert desk.hot(TRADES, narrow).code == desk.fresh(TRADES, narrow).code == 403
    assert desk.hot(TRADES, f"{token}x").code == 401
    revoke(row, by=ada)
    clock(versions.BELIEVED_SECONDS)
    assert desk.hot(TRADES, token).code == 401


@pytest.mark.limits
def test_a_computed_answer_counts_once(
    desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    left = desk.hot(TRADES, token_of(ada)).headers["RateLimit"]
    assert left.startswith('"second";r=9;')


@pytest.mark.parametrize(
    "header",
    ["Origin", "Range", "Accept", "Accept_Language", "Cookie", "X_Forwarded_Proto"],
)
def test_whatever_else_differs_is_computed_anew(
    header: str, desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    desk.hot(TRADES, token)
    desk.hot(TRADES, token, **{header: "https"})
    assert desk.computed == 2


def test_a_host_that_is_not_ours_gets_nothing_kept(
    desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    desk.hot(TRADES, token)
    assert desk.hot(TRADES, token, Host="evil.example").code == 400


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "rrr_x_y"])
def test_a_token_that_is_none_is_refused_as_ever(token: str, desk: Desk) -> None:
    refused = desk.hot(TRADES, token)
    assert refused.code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_errors_are_not_kept(
    desk: Desk, ada: User, book: Book, token_of: Token
) -> None:
    token = token_of(ada)
    for _ in range(2):
        assert desk.hot("/api/trades?limit=x", token).code == 400
    assert desk.computed == 2


def test_an_answer_lives_no_longer_than_its_ages_may_lie(
    desk: Desk,
    ada: User,
    book: Book,
    token_of: Token,
    clock: Callable[[float], None],
) -> None:
    token = token_of(ada)
    desk.hot("/api/portfolio", token)
    clock(answers.KEPT_SECONDS)
    desk.hot("/api/portfolio", token)
    assert desk.computed == 2


def test_each_answer_is_logged_once_and_counted_once(
    desk: Desk,
    ada: User,
    book: Book,
    token_of: Token,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(
        "operations.services.counters.COUNTER.add",
        lambda *, status, seconds: counted.append(status),
    )
    token = token_of(ada)
    etag = desk.hot(TRADES, token).etag
    desk.hot(TRADES, token)
    desk.hot(TRADES, token, If_None_Match=etag)
    desk.hot("/api/trades?limit=x", token)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in told] == counted == [200, 200, 304, 400]
    assert {line["principal"] for line in told} == {ada.actor}
    assert {line["route"] for line in told} == {"/api/trades"}
    assert len({line["request_id"] for line in told}) == 4
