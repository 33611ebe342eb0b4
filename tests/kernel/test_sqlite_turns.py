"""In a web process each write of SQLite waits for its turn, and only writes do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from kernel import patience
from kernel.patience import Patience
from kernel.sqlite.base import QUEUE
from kernel.sqlite.queue import Wait

pytestmark = [pytest.mark.embedded, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def another_writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This is a web process, and another of its threads has the turn."""
    monkeypatch.setattr(patience, "_ours", Patience(write=0.1))
    ticket = QUEUE.enter(Wait(20, 20))
    QUEUE.writing()
    yield
    QUEUE.leave(ticket)


@pytest.mark.usefixtures("another_writes")
def test_a_statement_of_its_own_waits_for_its_turn_as_a_transaction_does() -> None:
    with pytest.raises(OperationalError, match="others wait"), transaction.atomic():
        User.objects.create(username="ada")
    with pytest.raises(OperationalError, match="others wait"):
        User.objects.create(username="ada")
    with pytest.raises(OperationalError, match="others wait"):
        User.objects.update(first_name="Ada")


@pytest.mark.usefixtures("another_writes")
def test_who_reads_does_not_wait() -> None:
    assert not User.objects.filter(username="ada").exists()


def test_a_turn_ends_with_its_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_ours", Patience(write=0.1))
    User.objects.create(username="ada")
    with transaction.atomic():
        User.objects.update(first_name="Ada")
        User.objects.update(last_name="L")
    assert not QUEUE._turns


@pytest.mark.usefixtures("another_writes")
def test_who_was_refused_asks_as_long_as_before_the_next_time() -> None:
    with pytest.raises(OperationalError):
        User.objects.update(first_name="Ada")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (100,)
