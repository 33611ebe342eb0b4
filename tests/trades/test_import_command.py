"""import_trades and import_prices from a terminal: whole, or exit 1 and nothing."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit import queries as audit
from trades.domain.formats.dialect import LARGEST
from trades.management.commands import import_trades
from trades.models import Book, Fill, ImportBatch, Price
from trades.services import import_runs, imports

pytestmark = pytest.mark.django_db
HEAD = "external_id,symbol,side,quantity,price,executed_at\n"
GOOD = "a1,BTC-USD,buy,1,10,2025-01-01T00:00:00Z\n"


def run(path: Path, **options: object) -> str:
    out = StringIO()
    call_command("import_trades", str(path), **{"book": "new", **options}, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path):
    def write(words: str | bytes) -> Path:
        path = tmp_path / "trades.csv"
        path.write_bytes(words if isinstance(words, bytes) else words.encode())
        return path

    return write


def test_a_good_file_makes_the_book_and_says_so(ada, file):
    said = run(file(HEAD + GOOD), owner="ada")
    assert "Made the book new in USD for ada." in said
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.new, batch.parts.count()) == ("booked", 1, 0)
    events = audit.about([f"import:{batch.pk}"], 5)
    assert [event.kind for event in events] == ["trades.import.booked"]


def test_a_second_import_changes_nothing_and_says_how_many_were_known(ada, file):
    run(file(HEAD + GOOD), owner="ada")
    size = audit.head().size
    assert "known already: 1." in run(file(HEAD + GOOD), owner="ada")
    assert (audit.head().size, ImportBatch.objects.count()) == (size, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 50, "no text file"),
        (HEAD + GOOD + GOOD.replace("a1", "a2").replace(",1,", ",one,"), "line 3"),
    ],
)
def test_a_bad_file_ends_with_1_and_leaves_nothing(ada, file, words, said):
    with pytest.raises(CommandError, match=said) as caught:
        run(file(words), owner="ada")
    assert caught.value.returncode == 1
    assert not Book.objects.exists()
    assert not Fill.objects.exists()


def test_a_file_over_the_limit_is_refused_before_it_is_read(ada, file):
    with pytest.raises(CommandError, match="at most"):
        run(file(b"x" * (LARGEST + 1)), owner="ada")


def test_changed_content_under_a_known_id_is_refused_with_its_line(ada, file):
    run(file(HEAD + GOOD), owner="ada")
    changed = HEAD + GOOD.replace(",10,", ",11,") + GOOD.replace("a1", "a2")
    with pytest.raises(CommandError, match="a1 is booked already"):
        run(file(changed), owner="ada")
    assert Fill.objects.count() == 1


def test_a_dry_run_books_nothing(ada, file):
    assert "1 new" in run(file(HEAD + GOOD), owner="ada", dry_run=True)
    assert not Book.objects.exists()


def test_an_unknown_owner_is_said(db, file):
    with pytest.raises(CommandError, match="nobody named"):
        run(file(HEAD + GOOD), owner="ghost")


def test_prices_come_in_whole_or_not(db, file):
    good = "symbol,at,price\nBTC-USD,2025-01-01T00:00:00Z,10\n"
    call_command("import_prices", str(file(good)), stdout=StringIO())
    assert Price.objects.get().price == 10
    with pytest.raises(CommandError, match="line 3"):
        call_command("import_prices", str(file(good + "BTC-USD,2025-01-02,11\n")))
    assert Price.objects.count() == 1


def test_a_file_too_long_for_one_transaction_is_booked_in_parts_that_are_told(
    ada, file, monkeypatch
):
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(import_runs, "MOST_WHOLE", 3)
    monkeypatch.setattr(imports, "MOST_WHOLE", 3)
    monkeypatch.setattr(import_runs, "PART", 2)
    monkeypatch.setattr(
        import_trades, "booking", lambda done, total: told.append((done, total))
    )
    rows = "".join(GOOD.replace("a1", f"a{n}") for n in range(5))
    assert "Booked 5 fills" in run(file(HEAD + rows), owner="ada")
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.new, batch.parts.count()) == ("booked", 5, 0)
    assert len(set(Fill.objects.values_list("recorded_at", flat=True))) == 3
    assert "known already: 5." in run(file(HEAD + rows), owner="ada")
