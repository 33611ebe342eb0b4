"""A file on its way into a book: kept, read, looked at, booked, given up."""

import uuid
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kernel.errors import Conflict, Invalid, NotFound
from kernel.registry import JOBS
from operations.models import JobRun
from operations.services import running
from tests.trades.files import HEAD, booked, rows, source
from trades.models import Book, Fill, ImportBatch, ImportPart, Position
from trades.services import import_runs, importing, imports, previewing, pruning
from trades.services.importing import import_for
from trades.services.previewing import Consent
from trades.services.staging import is_small, report_on, source_of, staged

pytestmark = pytest.mark.django_db
NOTHING = Consent()


def submitted(content, by, *, consent=NOTHING, dry_run=False, **more):
    data = content.encode()
    parts = [data[start : start + 5000] for start in range(0, len(data), 5000)]
    unread = replace(source(content, **more), content=b"")
    return imports.submit(unread, parts, by, consent, dry_run=dry_run)


def worked(batch):
    """The batch after a worker has done everything that is queued for it."""
    for run in JobRun.objects.filter(
        job__name="trades-import", state=JobRun.State.QUEUED
    ):
        assert running.execute(str(run.uid))
    batch.refresh_from_db()
    return batch


# --- small: in the request --------------------------------------------------------


def test_a_small_file_is_kept_as_a_preview_and_booked_once(ada, book):
    given = source(rows(3), zone="Europe/Berlin")
    batch = imports.stage(given, ada)
    assert (batch.state, report_on(batch).new) == ("preview", 3)
    assert source_of(batch) == replace(given, base="USD")
    assert not Fill.objects.exists()
    imports.commit(batch, ada, NOTHING)
    batch.refresh_from_db()
    assert (batch.state, batch.new, batch.done) == ("booked", 3, 3)
    assert {fill.batch for fill in Fill.objects.all()} == {batch}
    assert not ImportPart.objects.exists()
    with pytest.raises(Conflict, match="no preview"):
        imports.commit(batch, ada, NOTHING)
    assert Fill.objects.count() == 3


def test_a_preview_says_the_rows_symbols_and_positions_that_result(ada, book):
    import_for(source(HEAD + "o,BTC-USD,buy,2,10,2025-12-01T00:00:00Z\n"), ada)
    report = report_on(imports.stage(source(rows(12)), ada))
    assert [row.line for row in report.first_rows] == [2, 3, 4, 5, 6]
    assert [row.line for row in report.last_rows] == [9, 10, 11, 12, 13]
    (symbol,) = report.symbols
    assert (symbol.fills, symbol.bought, symbol.sold) == (12, Decimal(12), Decimal(0))
    (position,) = report.positions or []
    assert (position.symbol, position.before, position.after) == (
        "BTC-USD",
        Decimal(2),
        Decimal(14),
    )
    assert position.entry_price == (20 + 78) / 14
    assert Position.objects.get().quantity == 2
    assert not Book.objects.filter(name="fresh").exists()


def test_a_preview_for_a_new_book_makes_none(ada):
    batch = imports.stage(source(rows(2), book="fresh"), ada)
    assert report_on(batch).makes_book
    assert [row.after for row in report_on(batch).positions or []] == [2]
    assert not Book.objects.exists()
    imports.commit(batch, ada, NOTHING)
    assert Book.objects.get().name == "fresh"


def test_an_id_with_other_content_is_a_broken_row_of_the_preview(ada, book):
    import_for(source(rows(2)), ada)
    changed = rows(2).replace("buy,1,2,", "buy,1,7,")
    report = report_on(imports.stage(source(changed), ada))
    assert [(row.line, row.reason) for row in report.broken] == [
        (3, "r1 is booked already with other content")
    ]


def test_broken_rows_stop_a_file_until_somebody_leaves_them_out(ada, book):
    batch = imports.stage(source(rows(5, broken=(1, 3))), ada)
    with pytest.raises(Invalid, match="line 3: side"):
        imports.commit(batch, ada, NOTHING)
    assert not Fill.objects.exists()
    imports.commit(batch, ada, Consent(skip_broken=True))
    assert Fill.objects.count() == 3


def test_a_name_that_somebody_took_meanwhile_is_refused(ada, mallory):
    batch = imports.stage(source(rows(1), book="fresh"), ada)
    import_for(source(rows(1), book="fresh"), mallory)
    with pytest.raises(Invalid, match="taken"):
        imports.commit(batch, ada, NOTHING)
    batch.refresh_from_db()
    assert batch.state == "preview"
    assert Fill.objects.count() == 1


def test_a_batch_is_its_makers(ada, mallory, book):
    batch = imports.stage(source(rows(1)), ada)
    assert staged(batch.pk, ada) == batch
    for pk, user in ((batch.pk, mallory), (uuid.uuid4(), ada)):
        with pytest.raises(NotFound):
            staged(pk, user)


@pytest.mark.parametrize(
    ("content", "small"),
    [
        (rows(1000), True),
        (rows(1001), False),
        (rows(1001).replace("\n", "\r"), False),
        ("PK\x03\x04", True),
        ("PK" + "x" * (64 * 1024), False),
        ('{"a": 1}', True),
        ("x" * (1024 * 1024), True),
        ("x" * (1024 * 1024 + 1), False),
    ],
)
def test_a_request_reads_at_most_1000_rows_itself(content, small):
    file = SimpleUploadedFile("a.csv", content.encode())
    assert is_small(file) is small
    assert file.read() == content.encode()


# --- the same file, and the same trades from elsewhere ------------------------------


def test_a_file_that_was_booked_inserts_nothing_however_it_is_declared(ada, book):
    naive = rows(2).replace("Z\n", "\n")
    import_for(source(naive, zone="UTC"), ada)
    again = import_for(source(naive, zone="Asia/Tokyo"), ada)
    assert (again.new, again.duplicates, again.batch) == (0, 2, None)
    assert Fill.objects.count() == 2


def test_a_trade_that_came_from_elsewhere_must_be_accepted(ada, book):
    import_for(source(rows(2)), ada)
    ImportBatch.objects.update(file_format="kraken")
    other = source(rows(3).replace("\nr", "\nother"))
    with pytest.raises(Invalid) as refused:
        import_for(other, ada)
    assert refused.value.code == "differences"
    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("line 2", "other_format"),
        ("line 3", "other_format"),
    ]
    assert Fill.objects.count() == 2
    import_for(other, ada, Consent(accept_differences=True))
    assert Fill.objects.count() == 5


# --- long: by the job ---------------------------------------------------------------


def test_a_submitted_file_is_read_and_booked_by_the_job(ada, book):
    batch = submitted(rows(1200), ada)
    assert (batch.state, ImportPart.objects.count()) == ("queued", 11)
    worked(batch)
    assert (batch.state, batch.done, batch.total) == ("booked", 1200, 1200)
    assert Fill.objects.count() == 1200
    assert not ImportPart.objects.exists()


def test_a_dry_run_waits_as_a_preview_for_its_commit(ada, book):
    batch = worked(submitted(rows(1200), ada, dry_run=True))
    assert (batch.state, report_on(batch).new) == ("preview", 1200)
    assert not Fill.objects.exists()
    imports.commit(batch, ada, NOTHING)
    assert batch.state == "committing"
    assert worked(batch).state == "booked"
    assert Fill.objects.count() == 1200


def test_what_needs_consent_stops_as_a_preview_that_says_so(ada, book):
    batch = worked(submitted(rows(1200, broken=(7,)), ada))
    assert batch.state == "preview"
    assert "line 9: side" in batch.problem
    assert not Fill.objects.exists()
    skipping = Consent(skip_broken=True)
    batch = worked(submitted(rows(1200, broken=(7,)), ada, consent=skipping))
    assert (batch.state, Fill.objects.count()) == ("booked", 1199)


def test_what_cannot_be_read_fails_and_says_why(ada, book):
    batch = worked(submitted("a,b\n1,2\n", ada))
    assert batch.state == "failed"
    assert "line 1" in batch.problem


def test_a_file_is_not_kept_for_somebody_elses_book(mallory, book):
    with pytest.raises(Invalid, match="taken"):
        submitted(rows(1), mallory)
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("state", ["queued", "preview", "failed"])
def test_an_import_can_be_given_up_until_it_is_booked(ada, book, state):
    batch = submitted("a,b\n" if state == "failed" else rows(9), ada, dry_run=True)
    if state != "queued":
        worked(batch)
    assert batch.state == state
    imports.cancel(batch)
    assert worked(batch).state == "cancelled"
    assert not ImportPart.objects.exists()
    with pytest.raises(Conflict, match="cancelled by now"):
        imports.cancel(batch)
    with pytest.raises(Conflict):
        imports.commit(batch, ada, NOTHING)


def test_what_is_being_booked_cannot_be_given_up(ada, book):
    batch = worked(submitted(rows(1200), ada, dry_run=True))
    imports.commit(batch, ada, NOTHING)
    with pytest.raises(Conflict, match="committing by now"):
        imports.cancel(batch)
    assert worked(batch).state == "booked"


def test_giving_up_while_the_file_is_read_ends_the_run(ada, book, monkeypatch):
    batch = submitted(rows(9), ada)

    def cancelled_meanwhile(given):
        preview = previewing.look(given)
        imports.cancel(ImportBatch.objects.get())
        return preview

    monkeypatch.setattr(import_runs, "look", cancelled_meanwhile)
    assert worked(batch).state == "cancelled"
    assert not Fill.objects.exists()


# --- what nobody books ---------------------------------------------------------------


@pytest.mark.parametrize("state", ["preview", "failed"])
def test_a_file_that_nobody_books_within_7_days_is_forgotten(ada, book, state):
    batch = imports.stage(source("a,b\n1,2\n" if state == "failed" else rows(3)), ada)
    assert batch.state == state
    assert pruning.prune(batch.created_at + timedelta(days=7)) == 0
    assert ImportPart.objects.count() == 1
    assert pruning.prune(batch.created_at + timedelta(days=7, seconds=1)) == 1
    batch.refresh_from_db()
    assert (batch.state, batch.problem) == ("cancelled", pruning.FORGOTTEN)
    assert not ImportPart.objects.exists()
    assert pruning.prune(batch.created_at + timedelta(days=8)) == 0


def test_what_is_booked_or_under_way_is_not_forgotten(ada, book):
    booked(rows(2), ada)
    waiting = submitted(rows(3), ada)
    assert JOBS["trades.prune"].function({}).startswith("Forgot 0 files")
    assert pruning.prune(waiting.created_at + timedelta(days=60)) == 0
    assert worked(waiting).state == "booked"


# --- a worker that dies -------------------------------------------------------------


def test_a_file_over_the_whole_limit_is_booked_in_parts_that_resume(
    ada, book, monkeypatch
):
    monkeypatch.setattr(import_runs, "MOST_WHOLE", 5)
    monkeypatch.setattr(import_runs, "PART", 4)
    batch = worked(submitted(rows(10), ada, dry_run=True))
    ImportBatch.objects.update(state="committing")
    calls: list[int] = []

    def dying(*args, **values):
        calls.append(values["start"])
        if len(calls) == 2:
            raise SystemExit("killed")
        importing.book_part(*args, **values)

    monkeypatch.setattr(import_runs, "book_part", dying)
    with pytest.raises(SystemExit):
        import_runs.run(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.done, Fill.objects.count()) == ("committing", 4, 4)
    import_runs.run(batch.pk)
    batch.refresh_from_db()
    assert calls == [0, 4, 4, 8]
    assert (batch.state, batch.done, batch.new) == ("booked", 10, 10)
    assert [fill.external_id for fill in Fill.objects.order_by("id")] == [
        f"r{n}" for n in range(10)
    ]


def test_a_run_whose_worker_died_while_reading_reads_again(ada, book):
    batch = submitted(rows(9), ada)
    ImportBatch.objects.update(state="reading")
    assert worked(batch).state == "booked"
    assert Fill.objects.count() == 9


def test_an_error_of_ours_is_said_and_books_nothing(ada, book, monkeypatch):
    batch = submitted(rows(9), ada)

    def broken(given):
        raise RuntimeError("boom")

    monkeypatch.setattr(import_runs, "look", broken)
    assert worked(batch).state == "failed"
    assert "An error of ours" in batch.problem


def test_an_import_whose_runs_were_lost_is_asked_for_again(ada, book):
    batch = submitted(rows(9), ada)
    JobRun.objects.all().delete()
    assert import_runs.resume() == 1
    assert worked(batch).state == "booked"
    assert import_runs.resume() == 0
