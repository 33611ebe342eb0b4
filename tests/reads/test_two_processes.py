"""A second web process sees a write before its writer is answered."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import User
from accounts.services.overrides import WINDOWS, override
from tests.reads.conftest import Desk
from tests.served import ROOT
from trades.domain.facts import NewFill
from trades.models import Book
from trades.services.fills import book_fills

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]
OTHER = """
import sys, django
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from django.test import RequestFactory
from rrr_dashboard.wsgi import application
for line in sys.stdin:
    path, token = line.split()
    given = {"Host": "testserver", "Authorization": f"Bearer {token}"}
    told = []
    environ = RequestFactory().get(path, headers=given).environ
    b"".join(application(environ, lambda *words: told.append(words)))
    print(told[0][0][:3], dict(told[0][1]).get("ETag"), flush=True)
"""
ROUNDS = 40
Ask = Callable[[str, str], str]


@pytest.fixture
def other(transactional_db: None) -> Iterator[Ask]:
    """other(path, token): the ETag by another process."""
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    asked, told = process.stdin, process.stdout
    assert asked
    assert told

    def ask(path: str, token: str) -> str:
        print(path, token, file=asked, flush=True)
        code, etag = told.readline().split()
        assert code == "200"
        return etag

    try:
        yield ask
    finally:
        process.kill()
        process.wait()


def test_the_other_process_never_answers_what_was_before(
    desk: Desk, ada: User, book: Book, token_of: Callable[[User], str], other: Ask
) -> None:
    override([ada], factor=1000, windows=WINDOWS, until=None, by="j:tests")
    token, path = token_of(ada), "/api/trades?limit=50"
    seen = {other(path, token)}
    for number in range(ROUNDS):
        new = NewFill(
            external_id=f"f{number}",
            symbol="BTC-USD",
            side="buy",
            quantity=Decimal(1),
            price=Decimal(100),
            executed_at=datetime(2026, 3, 2, tzinfo=UTC),
        )
        book_fills([new], ada)
        etag = other(path, token)
        assert etag not in seen
        assert etag == other(path, token) == desk.hot(path, token).etag
        seen.add(etag)
    assert desk.computed == ROUNDS
