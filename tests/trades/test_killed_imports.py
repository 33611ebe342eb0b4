"""kill -9 of the process that works on an import: nothing is lost or doubled."""

import multiprocessing
import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.db import connections

from accounts.models import User
from operations.models import JobRun
from operations.services import running
from trades.models import Book, Fill, ImportBatch, ImportPart
from trades.services import (
    import_runs,
    importing,
    imports,
    previewing,
    undoing,
    waiting,
)
from trades.services.books import NewBook, create_book
from trades.services.previewing import Consent, Source
from trades.services.rebuilding import differences

pytestmark = pytest.mark.django_db(transaction=True)
ROWS, PART = 60, 25
PATIENCE = 60


@pytest.fixture
def batch(transactional_db: None) -> ImportBatch:
    """A file that was handed in to be booked."""
    ada = User.objects.create_user("ada", password="x")
    ada.groups.add(Group.objects.get(name="Trader"))
    create_book(NewBook("main", "USD"), ada)
    lines = "".join(
        f"r{n},BTC-USD,{('buy', 'sell')[n % 3 == 2]},1,{n + 1},2026-01-01T00:{n:02}:00Z\n"
        for n in range(ROWS)
    )
    content = f"external_id,symbol,side,quantity,price,executed_at\n{lines}".encode()
    source = Source(content=b"", file_name="a.csv", book="main")
    return imports.submit(source, [content], ada, Consent(), dry_run=False)


def killed(work: Callable[[Callable[[], None]], None]) -> int | None:
    """`work` in a process of its own, killed with -9 as soon as it calls what it is
    given; the exit code."""
    fork = multiprocessing.get_context("fork")
    reached = fork.Event()

    def here() -> None:
        reached.set()
        time.sleep(PATIENCE)

    def run() -> None:
        connections.close_all()
        work(here)

    connections.close_all()
    process = fork.Process(target=run)
    process.start()
    assert reached.wait(PATIENCE), "it never came to where it should die"
    process.kill()
    process.join(PATIENCE)
    return process.exitcode


def resumed(batch: ImportBatch) -> ImportBatch:
    """The batch after the schedule found it and a worker took it up."""
    JobRun.objects.all().delete()
    assert import_runs.resume() == 1
    for run in JobRun.objects.filter(state=JobRun.State.QUEUED):
        assert running.execute(str(run.uid))
    batch.refresh_from_db()
    return batch


def assert_whole(batch: ImportBatch) -> None:
    assert (batch.state, batch.done, batch.new, batch.duplicates) == (
        "booked",
        ROWS,
        ROWS,
        0,
    )
    booked = Fill.objects.order_by("id").values_list("external_id", flat=True)
    assert [*booked] == [f"r{n}" for n in range(ROWS)]
    assert not ImportPart.objects.exists()
    assert differences(Book.objects.get()) == []


def test_killed_while_the_file_is_read(batch, monkeypatch):
    def dies(here):
        def look(source):
            preview = previewing.look(source)
            here()
            return preview

        monkeypatch.setattr(import_runs, "look", look)
        import_runs.run(batch.pk)

    assert killed(dies) == -9
    batch.refresh_from_db()
    assert (batch.state, Fill.objects.count()) == ("reading", 0)
    assert_whole(resumed(batch))


def test_killed_in_the_middle_of_a_part(batch, monkeypatch):
    """Facts are written and not committed: that part is booked again, the first is
    not."""
    monkeypatch.setattr(import_runs, "MOST_WHOLE", PART)
    monkeypatch.setattr(import_runs, "PART", PART)

    def dies(here):
        def book_part(*args, **values):
            importing.book_part(*args, **values)
            if values["start"]:
                here()

        monkeypatch.setattr(import_runs, "book_part", book_part)
        import_runs.run(batch.pk)

    assert killed(dies) == -9
    batch.refresh_from_db()
    assert (batch.state, batch.done) == ("committing", PART)
    assert Fill.objects.count() == PART
    assert_whole(resumed(batch))


def test_killed_while_it_is_undone(batch, monkeypatch):
    """Its facts are told to leave and nothing is committed: that is done again."""
    import_runs.run(batch.pk)
    batch.refresh_from_db()
    monkeypatch.setattr(undoing, "MOST_AT_ONCE", ROWS - 1)
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 1)
    undoing.undo(batch, "the wrong book", batch.created_by)

    def dies(here):
        def postpone(*args):
            waiting.postpone(*args)
            here()

        monkeypatch.setattr(undoing, "postpone", postpone)
        import_runs.run(batch.pk)

    assert killed(dies) == -9
    batch.refresh_from_db()
    assert (batch.state, Fill.objects.standing().count()) == ("undoing", ROWS)
    batch = resumed(batch)
    for run in JobRun.objects.filter(state=JobRun.State.QUEUED):
        running.execute(str(run.uid))
    batch.refresh_from_db()
    assert batch.state == "undone"
    assert not Fill.objects.standing().exists()
    assert differences(Book.objects.get()) == []
