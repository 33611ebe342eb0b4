"""The files at the edges through the page: chosen, looked at, ticked where it must be,
and booked. The same book comes out as by the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from tests.shared.conftest import SHARED
from tests.shared.edges import DECLARED, TRADES
from tests.shared.test_edge_books import BOOKS, case, check
from trades.models import Fill, ImportBatch

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (SHARED / "data" / "edges").is_dir(), reason="no edges"),
]
TICKED = ("skip_broken", "accept_differences")


@pytest.fixture
def trader(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("ada", "Trader"))


def choose(client: Client, path: Path, **declared: str) -> str:
    """Choose a file on the page; the address of its preview."""
    with path.open("rb") as file:
        answer = client.post(
            "/trades/import/", {"file": file, "book": "edge", **declared}
        )
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def declared_for(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What is declared of a file, and what must be ticked."""
    given = DECLARED.get(path.name, {})
    return (
        {name: value for name, value in given.items() if name not in TICKED},
        {name: value for name, value in given.items() if name in TICKED},
    )


@pytest.mark.parametrize(
    ("row", "path"), [case(path.name, row, path) for row, path in BOOKS]
)
def test_a_file_makes_its_book_through_the_page(
    trader: Client, row: dict[str, str], path: Path
) -> None:
    declared, ticked = declared_for(path)
    address = choose(trader, path, base=row["base"], **declared)
    preview = trader.get(address).content.decode()
    assert not Fill.objects.exists()
    if ticked:
        refused = trader.post(f"{address}commit/", {})
        assert refused.status_code == 422, refused.content
        assert not Fill.objects.exists()
        assert preview.count('type="checkbox"') == 1
    booked = trader.post(f"{address}commit/", ticked, follow=True)
    assert booked.status_code == 200, booked.content
    assert ImportBatch.objects.get().state == "booked"
    check(trader, "edge", row)
    again = choose(trader, path, **declared)
    trader.post(f"{again}commit/", ticked)
    check(trader, "edge", row)


def test_a_broken_row_is_named_on_the_page_with_line_and_reason(trader: Client) -> None:
    address = choose(trader, TRADES / "broken_rows.csv", base="EUR")
    shown = trader.get(address).content.decode()
    for words in ("19", "41", "56", "out of range", "hold"):
        assert words in shown
