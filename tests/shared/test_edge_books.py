"""Each file at the edges, imported through the API, and the portfolio it makes: every
row of the table of books, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from django.test import Client

from accounts.models import User
from tests.shared.conftest import SHARED
from tests.shared.edges import DECLARED, TRADES, counts, files_of, positions, table
from trades.models import Book, Fill, Transfer
from trades.services.rebuilding import differences

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (SHARED / "data" / "edges").is_dir(), reason="no edges"),
]
ROWS = [
    (row, path)
    for row in table("Books: fills + transfers")
    # The word reward is known here (EXPECTED.md, choice 2), its other row is not ours.
    if not row["file"].startswith("the same")
    for path in files_of(row["file"])
]
BODIES = [(row, path) for row, path in ROWS if '"steps"' in path.read_text("latin-1")]
BOOKS = [pair for pair in ROWS if pair not in BODIES]
FIGURES = {
    "cash": "cash_balance",
    "implied funding": "implied_funding",
    "realised": "realized_pnl",
    "fees": "fees",
    "transferred": "transferred",
    "unrealised": "unrealized_pnl",
    "total P&L": "total_pnl",
    "equity": "total_equity",
}


def case(name: str, *values: object) -> ParameterSet:
    """A parameter set with its id."""
    return pytest.param(*values, id=name)


@pytest.fixture
def trader(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("ada", "Trader"))


def post_file(client: Client, path: Path, **fields: str) -> Any:
    with path.open("rb") as file:
        return client.post(
            "/api/trades/import", {"file": file, "book": "edge", **fields}
        )


def post_bodies(client: Client, path: Path) -> str:
    """Post the books and steps of a file in their order; the first book's name."""
    document = json.loads(path.read_text())
    for path_, body in [
        *(("/api/books", book) for book in document["books"]),
        *((step["path"], step["body"]) for step in document["steps"]),
    ]:
        answer = client.post(path_, json.dumps(body), content_type="application/json")
        assert answer.status_code in (200, 201), answer.content
    return str(document["books"][0]["name"])


def check(client: Client, book: str, row: dict[str, str]) -> None:
    facts = (
        Fill.objects.standing().filter(book__name=book).count(),
        Transfer.objects.standing().filter(book__name=book).count(),
    )
    assert facts == counts(row["new"])
    answer = client.get(f"/api/portfolio?book={book}").json()
    wanted = {
        ours: Decimal(row[theirs])
        for theirs, ours in FIGURES.items()
        # What the answer does not name must be nothing.
        if ours in answer or Decimal(row[theirs])
    }
    assert {name: _decimal(answer.get(name)) for name in wanted} == wanted
    assert _decimal(answer["income"]) == Decimal(row["income"]) - Decimal(row["cost"])
    assert answer["base_currency"] == row["base"]
    assert answer["incomplete"] == _incomplete(row["incomplete"])
    held = client.get(f"/api/portfolio/positions?book={book}").json()["positions"]
    assert sorted(
        (
            position["symbol"],
            Decimal(position["size"]),
            Decimal(position["cost"]),
            Decimal(position["current_price"]),
        )
        for position in held
    ) == positions(row["positions"])
    assert differences(Book.objects.get(name=book)) == []


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _incomplete(cell: str) -> dict[str, int]:
    if cell == "-":
        return {}
    reason, count = cell.split()
    return {reason: int(count)}


@pytest.mark.parametrize(
    ("row", "path"), [case(f"book {path.name}", row, path) for row, path in BOOKS]
)
def test_a_file_makes_its_book(trader: Client, row: dict[str, str], path: Path) -> None:
    fields = {"base": row["base"], **DECLARED.get(path.name, {})}
    answer = post_file(trader, path, **fields)
    assert answer.status_code == 201, answer.content
    check(trader, "edge", row)
    again = post_file(trader, path, **DECLARED.get(path.name, {}))
    assert (again.status_code, again.json()["new"]) == (200, 0), again.content
    check(trader, "edge", row)


@pytest.mark.parametrize(
    ("row", "path"), [case(f"bodies {path.name}", row, path) for row, path in BODIES]
)
def test_bodies_make_their_book(
    trader: Client, row: dict[str, str], path: Path
) -> None:
    check(trader, post_bodies(trader, path), row)


IDENTITIES = [
    row for row in table("Who is who (facts)") if "," not in row["duplicates"]
]


@pytest.mark.parametrize("row", [case(row["file"], row) for row in IDENTITIES])
def test_a_fact_is_known_in_another_file(trader: Client, row: dict[str, str]) -> None:
    *before, path = files_of(row["file"].partition(" (")[0])
    base = "EUR" if "kraken" in path.name else "USD"
    base = "USDT" if "binance" in path.name else base
    for earlier in before:
        assert post_file(trader, earlier, base=base).status_code == 201
    ticked = {"accept_differences": "true"} if "ticked" in row["file"] else {}
    answer = post_file(trader, path, **({} if before else {"base": base}), **ticked)
    if row["new"].startswith("nothing"):
        assert answer.status_code == 422
        assert not Fill.objects.exists()
        assert {"line 2", "line 4"} == {
            error["pointer"] for error in answer.json()["errors"]
        }
        return
    assert answer.status_code in (200, 201), answer.content
    said = answer.json()
    assert (said["new"], said["duplicates"]) == (
        int(row["new"]),
        int(row["duplicates"]),
    )


@pytest.mark.parametrize(
    "row", [case(f"dialect {row['file']}", row) for row in table("Own CSV")]
)
def test_our_own_csv_in_a_dialect(trader: Client, row: dict[str, str]) -> None:
    path = TRADES / row["file"]
    if row["to declare"] != "nothing":
        refused = post_file(trader, path, base="USD")
        assert refused.status_code == 422
        assert not Fill.objects.exists()
        lines = [error["pointer"] for error in refused.json()["errors"]]
        if row["when not declared"].startswith("broken"):
            assert lines == [f"line {line}" for line in range(2, 10)]
        else:
            assert "line 4" in refused.json()["detail"]
            assert "0xe0" in refused.json()["detail"]
    dry = post_file(
        trader, path, base="USD", dry_run="true", **DECLARED.get(path.name, {})
    ).json()
    assert (dry["new"], dry["broken"]) == (8, [])


def test_broken_rows_are_named_with_line_field_and_reason(trader: Client) -> None:
    answer = post_file(trader, TRADES / "broken_rows.csv", base="EUR")
    assert answer.status_code == 422
    assert not Fill.objects.exists()
    wanted = [f"line {row['line']}" for row in table("broken_rows.csv: 60 rows")]
    errors = answer.json()["errors"]
    assert [error["pointer"] for error in errors] == wanted
    for error, said in zip(errors, ("-2", "out of range", "'hold'"), strict=True):
        assert said in error["detail"]


def test_a_cost_and_a_balance_that_differ_book_nothing_unless_ticked(
    trader: Client,
) -> None:
    for name, line, figures in (
        ("kraken_cost_differs.csv", 3, ("385.2", "392.2")),
        ("coinbase_gap.csv", 7, ("224.1", "174.1")),
    ):
        answer = post_file(trader, TRADES / name, base="EUR")
        assert answer.status_code == 422
        assert not Fill.objects.exists()
        (difference,) = answer.json()["differences"]
        assert difference["line"] == line
        assert (difference["ours"], difference["theirs"]) == figures
    ticked = post_file(
        trader,
        TRADES / "kraken_cost_differs.csv",
        base="EUR",
        accept_differences="true",
    )
    assert (ticked.status_code, Fill.objects.count()) == (201, 2)
