"""A movement between own books that is too late for one of them waits in both, and
counts in both at once when the job has matched them again."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest

from kernel.errors import Conflict
from operations.models import JobRun
from trades.models import Balance, Generation, Lot, Match, Position, Transfer
from trades.services import pairs, regenerating, waiting
from trades.services.amending import correct_transfer, void_transfer
from trades.services.attempts import senders_first, unfinished
from trades.services.between_books import book_between, carry_on
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.regenerating import regenerate

pytestmark = pytest.mark.django_db


@pytest.fixture
def limit(monkeypatch):
    """limit(2): matches that are undone at once."""

    def most(matches):
        monkeypatch.setattr(waiting, "MOST_AT_ONCE", matches)

    most(2)
    return most


@pytest.fixture
def vault(ada):
    return create_book(NewBook("ada-vault", "USD"), ada)


@pytest.fixture
def busy(ada, book, make_fill, limit):
    """Six bought at 100, five sold at 110, one by one; never flat."""
    fills = [make_fill("b0", "buy", "6", "100", day=2, book=book.name)]
    fills += [
        make_fill(f"s{n}", "sell", "1", "110", day=3 + n, book=book.name)
        for n in range(5)
    ]
    book_fills(fills, ada)
    return book


@pytest.fixture
def stocked(ada, vault, make_fill):
    """Two were bought at 40."""
    book_fills([make_fill("v", "buy", "2", "40", day=0.5, book=vault.name)], ada)
    return vault


@pytest.fixture
def send(ada, make_move):
    """send(sender, receiver, day, amount) -> the stored movement of BTC."""

    def moved(sender, receiver, day, amount="-1", name="t"):
        move = make_move(name, "transfer", "BTC", amount, day=day)
        new = replace(move, book=sender.name, to_book=receiver.name)
        booked, _ = book_between(new, ada)
        return Transfer.objects.get(pk=booked.pk)

    return moved


def held(book):
    rows = Position.objects.filter(book=book).values_list("quantity", flat=True)
    return sum(rows, Decimal(0))


def costs(book):
    matches = Match.objects.filter(book=book).exclude(kind="transfer")
    return [row.cost for row in matches.order_by("at", "id")]


def agree(*books):
    assert [differences(book) for book in books] == [[]] * len(books)
    assert list(unfinished()) == []
    assert not Transfer.objects.waiting().exists()


def test_what_comes_late_into_a_long_book_counts_in_neither_until_the_job(
    busy, stocked, send
):
    transfer = send(stocked, busy, day=1)
    assert (transfer.status, transfer.becomes) == ("rematching", "booked")
    assert (held(stocked), held(busy), costs(busy)) == (2, 1, [100] * 5)
    assert differences(busy) == differences(stocked) == []
    [run] = JobRun.objects.filter(job__name=waiting.JOB)
    assert run.key == str(min(busy.pk, stocked.pk))
    assert regenerate(busy) == 1
    assert (held(stocked), held(busy)) == (1, 2)
    assert costs(busy) == [40, 100, 100, 100, 100]
    agree(busy, stocked)


def test_what_leaves_a_long_book_late_waits_likewise(busy, stocked, send):
    assert send(busy, stocked, day=2.5).status == "rematching"
    assert (held(stocked), held(busy)) == (2, 1)
    regenerate(busy)
    assert (held(stocked), held(busy)) == (3, 0)
    assert [lot.amount for lot in Lot.objects.filter(book=stocked)] == [80, 100]
    agree(busy, stocked)


def test_the_newest_waits_for_nothing_and_undoes_nothing(busy, stocked, send):
    before = set(Match.objects.values_list("pk", flat=True))
    assert send(stocked, busy, day=20).status == "booked"
    assert before <= set(Match.objects.values_list("pk", flat=True))
    assert (held(stocked), held(busy)) == (1, 2)
    agree(busy, stocked)


def test_the_job_of_one_book_leaves_both_to_the_job_of_the_first(busy, stocked, send):
    send(stocked, busy, day=1)
    assert regenerate(stocked) == 0
    assert (held(stocked), held(busy)) == (2, 1)
    assert JobRun.objects.filter(job__name=waiting.JOB, key=str(busy.pk)).count() == 1
    regenerate(busy)
    agree(busy, stocked)


def test_what_comes_meanwhile_in_either_book_waits_with_it(
    busy, stocked, send, ada, make_fill
):
    send(stocked, busy, day=1)
    newest = [
        make_fill("n", "sell", "1", "120", day=30, book=each.name)
        for each in (busy, stocked)
    ]
    assert [book_fills([new], ada).fills[0].status for new in newest] == [
        "rematching"
    ] * 2
    assert regenerate(busy) == 3
    assert (held(stocked), held(busy)) == (0, 1)
    agree(busy, stocked)


def test_a_second_movement_while_the_job_writes_joins_in_the_next_round(
    busy, stocked, send, monkeypatch
):
    send(stocked, busy, day=1)
    insert = pairs.insert

    def meanwhile(*args):
        insert(*args)
        if not Transfer.objects.filter(external_id="t2").exists():
            send(stocked, busy, day=1.5, name="t2")

    monkeypatch.setattr(regenerating, "insert", meanwhile)
    assert regenerate(busy) == 2
    assert (held(stocked), held(busy)) == (0, 3)
    assert costs(busy) == [40, 40, 100, 100, 100]
    agree(busy, stocked)


def test_a_void_takes_it_out_of_both_books_at_once_and_says_what_it_came_to(
    busy, stocked, send, ada
):
    transfer = send(stocked, busy, day=1)
    regenerate(busy)
    amendment = void_transfer(transfer.pk, "a slip", ada)
    assert not amendment.matched
    assert (held(stocked), held(busy)) == (1, 2)
    with pytest.raises(Conflict):
        void_transfer(transfer.pk, "again", ada)
    assert regenerate(busy) == 1
    amendment.event.refresh_from_db()
    assert amendment.event.pnl_before is not None
    assert amendment.event.pnl_after is not None
    assert (held(stocked), held(busy), costs(busy)) == (2, 1, [100] * 5)
    agree(busy, stocked)


def test_a_correction_takes_others_along(busy, stocked, send, ada):
    transfer = send(stocked, busy, day=1)
    regenerate(busy)
    amendment = correct_transfer(transfer.pk, {"amount": "-2"}, "two", ada)
    assert not amendment.matched
    assert (held(stocked), held(busy)) == (1, 2)
    regenerate(busy)
    assert (held(stocked), held(busy)) == (0, 3)
    assert costs(busy) == [40, 40, 100, 100, 100]
    agree(busy, stocked)


def test_the_portfolio_of_either_says_that_it_waits(
    busy, stocked, send, ada, client_of
):
    send(stocked, busy, day=1)
    client = client_of(ada)
    for query in (f"?book={busy.name}", f"?book={stocked.name}", ""):
        answer = client.get(f"/api/portfolio{query}").json()
        assert answer["incomplete"]["recomputing"] == 1


def test_senders_come_before_those_they_send_to(ada):
    one, two, three = (create_book(NewBook(f"b{n}", "USD"), ada) for n in range(3))
    moves = {(three.pk, two.pk), (two.pk, one.pk)}
    assert senders_first([one, two, three], moves) == [three, two, one]
    around = moves | {(one.pk, three.pk)}
    assert len(senders_first([one, two, three], around)) == 3


def _story(draw):
    """Purchases, sales and movements of two books, at times in any order."""
    steps = []
    for number in range(14):
        kind = draw.choice(("buy", "buy", "sell", "move", "move", "void"))
        steps.append((kind, number, draw.randint(0, 1), draw.randint(1, 40)))
    return steps


def _told(ada, steps, make_fill, send, books, work):
    for each in books:
        first = make_fill("first", "buy", "3", "40", day=0, book=each.name)
        book_fills([first], ada)
    for kind, number, which, day in steps:
        here, there = books[which], books[1 - which]
        if kind == "move":
            send(here, there, day=day, name=f"m{number}")
        elif kind == "void":
            moves = Transfer.objects.filter(status="booked", becomes="")
            oldest = moves.filter(book__in=books).order_by("id").first()
            if oldest is not None:
                void_transfer(oldest.pk, "no", ada)
        else:
            price = str(50 + 7 * number)
            new = make_fill(f"f{number}", kind, "2", price, day=day, book=here.name)
            book_fills([new], ada)
        work(number)
    for _ in range(20):
        jobs = [regenerate(book) for book in unfinished()]
        if not any(jobs + [carry_on(book) for book in books]):
            break
    agree(*books)
    return [
        sorted(
            (lot.opened_at, lot.acquired_at, lot.remaining_quantity, lot.amount)
            for lot in Lot.objects.filter(book=book)
        )
        + [(row.cash, row.realised) for row in Balance.objects.filter(book=book)]
        for book in books
    ]


@pytest.mark.parametrize("seed", range(12))
def test_what_waited_comes_to_the_same_as_what_did_not(
    seed, ada, make_fill, send, limit
):
    """Voids come before anything waits: both stories void the same movement."""
    draw, told, waited = random.Random(seed), [], 0
    steps = sorted(_story(draw), key=lambda step: step[0] == "void")
    for most in (0, 1000):
        limit(most)
        books = [
            create_book(NewBook(f"{name}-{most}", "USD"), ada)
            for name in ("one", "two")
        ]

        def work(number):
            nonlocal waited
            waited += Generation.objects.filter(waits=True).exists()
            if number % 5 == 4:
                for book in unfinished():
                    regenerate(book)

        told.append(_told(ada, steps, make_fill, send, books, work))
    assert waited
    assert told[0] == told[1]
