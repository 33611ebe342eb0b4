"""Derived rows equal the facts; whatever is changed by hand is found and mended."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from trades.models import Balance, Lot, Match, Position, RoundTrip
from trades.services.fills import book_fills
from trades.services.rebuilding import differences, rebuild
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
ONE = Decimal(1)


@pytest.fixture
def history(ada, book, make_fill, make_move):
    """A trip that ended, one that is open, a deposit and coins without a cost."""
    book_transfers([make_move("d1", "deposit", "USD", "1000")], ada)
    book_fills(
        [
            make_fill("f1", "buy", "2", "100", day=1, fee=Decimal("0.5")),
            make_fill("f2", "sell", "2", "130", day=2, fee=Decimal("0.7")),
            make_fill("f3", "buy", "3", "90", day=3, strategy="slow"),
            make_fill("f4", "sell", "1", "95", day=4),
        ],
        ada,
    )
    book_transfers(
        [make_move("t1", "transfer", "ETH", "1", day=5, symbol="ETH-USD")], ada
    )
    return book


def test_what_was_booked_is_whole(history):
    assert differences(history) == []


TAMPERED = {
    "a lot's remaining quantity": (Lot, {"remaining_quantity": ONE}, "lots"),
    "a lot's amount": (Lot, {"amount": ONE}, "lots"),
    "a lot's fee": (Lot, {"fee": ONE}, "lots"),
    "a lot's side": (Lot, {"long": False}, "lots"),
    "a lot's strategy": (Lot, {"strategy": "other"}, "lots"),
    "a lot's reason": (Lot, {"reason": "no_fx"}, "lots"),
    "a match's quantity": (Match, {"quantity": ONE / 2}, "matches"),
    "a match's cost": (Match, {"cost": ONE}, "matches"),
    "a match's proceeds": (Match, {"proceeds": ONE}, "matches"),
    "a match's result": (Match, {"realised": ONE}, "matches"),
    "a match's unknown result": (Match, {"realised": None}, "matches"),
    "a match's kind": (Match, {"kind": "dust"}, "matches"),
    "a match's method": (Match, {"method": "lifo"}, "matches"),
    "a trip's net": (RoundTrip, {"net": ONE}, "round trips"),
    "a trip's fills": (RoundTrip, {"fills": 9}, "round trips"),
    "a trip's funding": (RoundTrip, {"funding": ONE}, "round trips"),
    "a position's quantity": (Position, {"quantity": ONE}, "positions"),
    "a position's lots": (Position, {"lots": 7}, "positions"),
    "a balance's cash": (Balance, {"cash": ONE}, "balance"),
    "a balance's result": (Balance, {"realised": ONE}, "balance"),
    "a balance's fees": (Balance, {"fees": ONE}, "balance"),
    "a balance's gaps": (Balance, {"realised_missing": 3}, "balance"),
}


@pytest.mark.parametrize(("model", "change", "named"), TAMPERED.values(), ids=TAMPERED)
def test_a_row_changed_by_hand_is_found_and_a_rebuild_mends_it(
    history, model, change, named
):
    row = model.objects.order_by("pk")[0]
    model.objects.filter(pk=row.pk).update(**change)
    found = differences(history)
    assert len(found) == 1
    assert named in found[0]
    rebuild(history)
    assert differences(history) == []


@pytest.mark.parametrize("model", [Match, RoundTrip, Position, Balance])
def test_rows_that_are_gone_come_back(history, model):
    before = model.objects.count()
    model.objects.all().delete()
    assert differences(history) != []
    rebuild(history)
    assert model.objects.count() == before
    assert differences(history) == []


def test_a_position_keeps_its_id_when_everything_is_derived_anew(history):
    before = set(Position.objects.values_list("pk", "quantity"))
    rebuild(history)
    assert set(Position.objects.values_list("pk", "quantity")) == before


def test_a_row_that_no_fact_explains_goes(history):
    position = Position.objects.order_by("pk")[0]
    position.pk, position.strategy = None, "invented"
    position.save()
    assert "positions: 2 stored, 1 derived" in differences(history)[0]
    rebuild(history)
    assert not Position.objects.filter(strategy="invented").exists()


def test_a_balance_that_no_fact_explains_is_found(history):
    Balance.objects.create(book=history, currency="XXX", cash=ONE)
    assert differences(history)[0].startswith("XXX balance: stored ('1'")


def test_an_empty_book_is_whole(book):
    assert differences(book) == []
    rebuild(book)
    assert not Balance.objects.exists()


def test_other_books_are_left_alone(history, ada):
    from trades.services.books import NewBook, create_book

    other = create_book(NewBook("other", "USD"), ada)
    ids = set(Lot.objects.values_list("pk", flat=True))
    rebuild(other)
    assert set(Lot.objects.values_list("pk", flat=True)) == ids


def test_the_command_only_checks_when_asked(history):
    Balance.objects.update(cash=ONE)
    with pytest.raises(CommandError, match="stored rows differ"):
        call_command("rebuild_portfolio", check=True)
    assert Balance.objects.filter(cash=ONE).exists()
    call_command("rebuild_portfolio")
    assert differences(history) == []
