"""What a file says otherwise is ticked on its page, each difference by itself, and
stands there beside ours when the file is booked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from tests.trades.files import rows, source
from trades.models import Book, Fill, ImportBatch
from trades.services.importing import import_for
from trades.views import imports

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(ada: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(ada)


@pytest.fixture
def preview(ada: User, book: Book, client: Client) -> str:
    """The page of a file two of whose three trades came from another program."""
    import_for(source(rows(2)), ada)
    ImportBatch.objects.update(file_format="kraken")
    content = rows(3).replace("\nr", "\nother").encode()
    file = SimpleUploadedFile("other.csv", content)
    answer = client.post("/trades/import/", {"file": file, "book": "ada-main"})
    return str(answer["Location"])


def test_each_difference_has_its_line_and_its_tick(
    client: Client, preview: str
) -> None:
    shown = client.get(preview).content.decode()
    assert shown.count('name="accept"') == 2
    assert 'name="accept_differences"' not in shown
    assert shown.count("equals a trade that came from elsewhere") == 2


@pytest.mark.parametrize(
    ("ticked", "status", "fills"),
    [([], 422, 2), (["1"], 422, 2), (["1", "3"], 422, 2), (["1", "2"], 302, 5)],
)
def test_all_must_be_ticked(
    client: Client, preview: str, ticked: list[str], status: int, fills: int
) -> None:
    answer = client.post(f"{preview}commit/", {"accept": ticked})
    assert (answer.status_code, Fill.objects.count()) == (status, fills)


def test_a_booked_file_still_shows_what_was_accepted(
    client: Client, preview: str
) -> None:
    client.post(f"{preview}commit/", {"accept": ["1", "2"]})
    shown = client.get(preview).content.decode()
    assert "2 accepted" in shown
    assert shown.count("equals a trade that came from elsewhere") == 2
    assert 'name="accept"' not in shown


def test_many_differences_have_one_tick(
    client: Client, preview: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "TICKED_ONE_BY_ONE", 1)
    shown = client.get(preview).content.decode()
    assert ('name="accept"' in shown, 'name="accept_differences"' in shown) == (
        False,
        True,
    )
    answer = client.post(f"{preview}commit/", {"accept_differences": "true"})
    assert (answer.status_code, Fill.objects.count()) == (302, 5)


def test_what_came_up_since_is_shown_and_not_booked_by_an_old_tick(
    ada: User, client: Client, preview: str
) -> None:
    head, *_, third = rows(3).splitlines(keepends=True)
    import_for(source(head + "third" + third, file_name="c.csv"), ada)
    ImportBatch.objects.filter(file_name="c.csv").update(file_format="kraken")
    before = Fill.objects.count()
    answer = client.post(f"{preview}commit/", {"accept": ["1", "2"]})
    assert answer.status_code == 422
    assert Fill.objects.count() == before
    shown = client.get(preview).content.decode()
    assert shown.count('name="accept"') == 3
