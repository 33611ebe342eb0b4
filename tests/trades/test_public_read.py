"""Who reads which book where: one rule for every surface, and one switch.

Ada owns the book; Mallory trades in another; Vera views all; Rita reviews and Remy
reviews with trading.view; Zoe is a stranger. With PUBLIC_READ everybody reads, nobody
writes more than before.
"""

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from portfolio.services import equity
from tests.architecture.test_access import ALL, declared
from tests.trades.conftest import START
from trades.domain.facts import NewBalance, NewPrice, NewSplit, NewTransfer
from trades.models import BalanceStatement, Fill, Price, Split, Transfer
from trades.queries.books import BOOKS
from trades.queries.market import MARKET
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.importing import import_for
from trades.services.previewing import Source
from trades.services.prices import set_prices
from trades.services.splits import record_split
from trades.services.statements import state_balance
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
CSV = "symbol,side,quantity,price,executed_at\nSECRET-USD,sell,1,100,2026-01-06T12:00:00Z\n"
PEOPLE = ("ada", "mallory", "vera", "rita", "remy", "zoe")
# What each surface shows of Ada's book, by a text that only her book gives.
SURFACES = {
    "/api/books": "ada-main",
    "/api/trades": "SECRET-USD",
    "/api/trades?book=ada-main": "SECRET-USD",
    "/api/trades/{fill}": "SECRET-USD",
    "/api/portfolio": '"positions_count":1',
    "/api/portfolio?book=ada-main": '"positions_count":1',
    "/api/portfolio/positions": "SECRET-USD",
    "/api/portfolio/lots": "SECRET-USD",
    "/api/portfolio/allocation": "SECRET-USD",
    "/api/portfolio/reconciliation": '"asset":"SECRET"',
    "/api/performance?period=all": '"fills":2',
    "/api/performance/equity-curve?period=all": '"equity"',
    "/api/performance/monthly?period=all": '"month"',
    "/api/performance/by-symbol?period=all": "SECRET-USD",
    "/api/performance/by-strategy?period=all": "unassigned",
    "/api/stats": '"trades":2',
    "/api/balances": '"asset":"SECRET"',
    "/api/prices": "SECRET-USD",
    "/api/splits": "SECRET-USD",
    "/api/transfers": "SECRET-USD",
    "/transfers/": "ada-main",
    "/transfers/{transfer}/": "SECRET-USD",
    "/trades/": "SECRET-USD",
    "/trades/{fill}/": "SECRET-USD",
    "/trades/trades.csv": "SECRET-USD",
    "/trades/trades.jsonl": "SECRET-USD",
    "/books/": "ada-main",
    "/prices/": "SECRET-USD",
    "/prices/{price}/": "SECRET-USD",
    "/splits/": "SECRET-USD",
    "/splits/{split}/": "SECRET-USD",
    "/portfolio/": "SECRET-USD",
    "/portfolio/positions/{position}/": "SECRET-USD",
    "/portfolio/reconciliation/": "<h2>SECRET</h2>",
    "/portfolio/reconciliation/{stated}/": "SECRET",
    "/performance/?period=all": "SECRET-USD",
    "/portfolio/positions.csv": "SECRET-USD",
    "/portfolio/lots.csv": "SECRET-USD",
    "/portfolio/reconciliation/balances.csv": "SECRET",
    "/transfers/transfers.csv": "SECRET-USD",
    "/prices/prices.csv": "SECRET-USD",
    "/splits/splits.csv": "SECRET-USD",
    "/books/books.csv": "ada-main",
}
# Readers' pages that show nothing of a book with two fills, or in no plain text.
SHOW_NOTHING = {
    "/api/performance/pdf",
    "/api/performance/drawdowns",
    "/performance/metrics/<str:name>/",
    "/performance/files/<slug:name>.csv",
}
# Paths that only write.
WRITE_ONLY = {
    "/api/trades/import",
    *(
        f"/api/{noun}/<number:pk>/{verb}"
        for noun in ("prices", "splits")
        for verb in ("void", "correct")
    ),
}
READERS = {"ada", "vera", "remy"}
TRADERS = {"ada", "mallory"}


@pytest.fixture
def clients(ada, mallory, person, client_of, book):
    create_book(NewBook("mallory-main", "USD"), mallory)
    remy = person("remy", "Technical Lead")
    remy.user_permissions.add(
        Permission.objects.get(codename="view", content_type__app_label="trading")
    )
    people = {
        "ada": ada,
        "mallory": mallory,
        "vera": person("vera", "Viewer"),
        "rita": person("rita", "Technical Lead"),
        "remy": remy,
    }
    return {**{name: client_of(user) for name, user in people.items()}, "zoe": Client()}


@pytest.fixture
def fill(ada, book, make_fill):
    """Two fills of Ada's: one by the API, and half of it sold again from a file."""
    booked = book_fills([make_fill("f1", "buy", "2", "90", symbol="SECRET-USD")], ada)
    import_for(
        Source(content=CSV.encode(), file_name="private-name.csv", book=book.name), ada
    )
    now = timezone.now()
    stated = NewBalance(asset="SECRET", amount=Decimal(1), at=now, book=book.name)
    state_balance(stated, ada)
    earned = NewTransfer(
        external_id="d1",
        kind="dividend",
        asset="USD",
        amount=Decimal(1),
        at=START + timedelta(hours=1),
        symbol="SECRET-USD",
        book=book.name,
    )
    book_transfers([earned], ada)
    before = START - timedelta(days=9)
    price = NewPrice(symbol="SECRET-USD", at=before, price=Decimal(80))
    set_prices([price], ada)
    split = NewSplit(symbol="SECRET-USD", at=before, numerator=2, denominator=1)
    record_split(split, ada)
    equity.catch_up(now)
    return booked.fills[0]


def shown(client, path, fill):
    position = fill.book.positions.get().pk
    named = {"fill": fill.pk, "position": position}
    named |= {"price": Price.objects.get().pk, "split": Split.objects.get().pk}
    named["transfer"] = Transfer.objects.get().pk
    named["stated"] = BalanceStatement.objects.get().pk
    answer = client.get(path.format(**named))
    content = answer.getvalue() if answer.streaming else answer.content
    return answer.status_code, content.decode()


def test_the_table_names_every_surface_and_each_has_the_one_declaration():
    rules = {f"/{path}": declared(view) for path, view in ALL}
    public = {path: rule for path, rule in rules.items() if rule and rule.public_read}
    named = {path.partition("?")[0] for path in SURFACES}
    numbered = {re.sub(r"\{\w+\}", "<number:pk>", path) for path in named}
    assert numbered | SHOW_NOTHING | WRITE_ONLY == set(public)
    others = {path for path, rule in public.items() if rule not in (BOOKS, MARKET)}
    # Administrators give books there; it reads as all the others do.
    assert others == {"/books/"}
    giving = public["/books/"]
    assert (giving.permissions, giving.objects) == (BOOKS.permissions, BOOKS.objects)
    assert giving.writes == (*(BOOKS.writes or ()), "people.manage")


@pytest.mark.parametrize("public", [False, True], ids=["closed", "public"])
def test_surface_by_setting_by_person(public, clients, fill, settings):
    settings.PUBLIC_READ = public
    for path in SURFACES:
        seen = {name for name in PEOPLE if sees(clients[name], name, path, fill)}
        assert seen == (set(PEOPLE) if public else READERS), path


def sees(client, name, path, fill):
    """Whether the surface shows Ada's book to this person; who may not see it is
    answered as everywhere."""
    status, body = shown(client, path, fill)
    if status == 200 and SURFACES[path] in body:
        return True
    refusals = {302, 401, 403}
    if name in TRADERS:
        elsewhere = "book=" in path or "{" in path
        # Their own books, without hers.
        refusals = {200, 404} if elsewhere else {200}
    assert status in refusals, (path, name)
    return False


@pytest.mark.parametrize("public", [False, True], ids=["closed", "public"])
def test_what_is_behind_a_trade_stays_with_those_it_was_entrusted_to(
    public, clients, fill, settings
):
    settings.PUBLIC_READ = public
    imported = Fill.objects.get(side="sell")
    entrusted = set()
    for name in PEOPLE:
        page = shown(clients[name], f"/trades/{imported.pk}/", fill)[1]
        body = shown(clients[name], f"/api/trades/{imported.pk}", fill)[1]
        behind = ["private-name.csv" in page, "trades.import.booked" in page]
        behind.append("trades.import.booked" in body)
        assert len(set(behind)) == 1, name
        assert "ada@example.test" not in page + body
        if behind[0]:
            entrusted.add(name)
    assert entrusted == READERS


@pytest.mark.parametrize("public", [False, True], ids=["closed", "public"])
@pytest.mark.parametrize(
    "path", ["/books/", "/api/books", "/api/prices", "/api/splits"]
)
def test_whose_a_book_is_strangers_are_not_told(path, public, clients, fill, settings):
    fill.book.owner.username = "ada-logs-in"
    fill.book.owner.save()
    settings.PUBLIC_READ = public
    told = {
        name for name in READERS if "ada-logs-in" in shown(clients[name], path, fill)[1]
    }
    assert told == READERS
    for name in set(PEOPLE) - READERS:
        assert "ada-logs-in" not in shown(clients[name], path, fill)[1], name


WRITES = {
    "/api/trades": {"external_id": "w"},
    "/api/books": {"name": ""},
    "/api/transfers": {"external_id": "w"},
    "/api/prices": {"prices": []},
    "/api/splits": {"symbol": ""},
    "/api/balances": {"asset": "USD"},
    "/api/trades/import": {},
}


@pytest.mark.parametrize("path", WRITES)
def test_the_switch_opens_no_write(path, clients, fill, settings):
    answers = {}
    for public in (False, True):
        settings.PUBLIC_READ = public
        answers[public] = [
            clients[name]
            .post(path, json.dumps(WRITES[path]), content_type="application/json")
            .status_code
            for name in PEOPLE
        ]
    assert answers[True] == answers[False]
    assert answers[True][2:] == [403, 403, 403, 401]


def test_a_foreign_book_that_is_read_is_still_not_written(clients, fill, settings):
    settings.PUBLIC_READ = True
    new = {
        "book": "ada-main",
        "external_id": "w",
        "symbol": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "price": "1",
        "executed_at": "2026-01-01T00:00:00Z",
    }
    answer = clients["mallory"].post(
        "/api/trades", json.dumps(new), content_type="application/json"
    )
    assert answer.status_code == 403
    assert Fill.objects.count() == 2


@pytest.mark.parametrize("path", ["/trades/import/", "/operations/", "/audit/"])
def test_other_pages_stay_shut(path, clients, settings):
    settings.PUBLIC_READ = True
    assert clients["zoe"].get(path).status_code == 302


def test_a_stranger_is_offered_nothing_to_write(clients, fill, settings):
    settings.PUBLIC_READ = True
    page = shown(clients["zoe"], "/trades/", fill)[1]
    assert 'href="/trades/import/"' not in page
    assert 'href="/trades/"' in page
