"""What booking a fill writes, repeats, refuses and matches again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from audit import queries as audit
from kernel.errors import Conflict, Forbidden, Invalid
from tests.trades.conftest import START
from trades.domain.facts import NewBalance, NewPrice
from trades.markers import booked
from trades.models import (
    Balance,
    Fill,
    Instrument,
    Lot,
    Match,
    Position,
    RoundTrip,
    Transfer,
)
from trades.services.books import locked
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.rebuilding import differences, rebuild
from trades.services.recording import Entries, record, record_history
from trades.services.splits import record_split
from trades.services.statements import state_balance
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


def test_a_fill_opens_a_lot_a_position_and_moves_cash(ada, book, make_fill):
    booked = book_fills([make_fill("f1", "buy", "2", "100", fee=Decimal(1))], ada)
    assert booked.new == 1
    lot = Lot.objects.get()
    assert (lot.remaining_quantity, lot.amount, lot.fee) == (2, 200, 1)
    position = Position.objects.get()
    assert (position.quantity, position.amount, position.fee) == (2, 200, 1)
    assert Balance.objects.get(currency="USD").cash == -201


def test_a_sale_realises_and_closes_the_trip(ada, book, make_fill):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    book_fills([make_fill("f2", "sell", "2", "130", day=1, fee=Decimal(3))], ada)
    assert Match.objects.get().realised == 57
    assert Balance.objects.get().realised == 57
    assert not Position.objects.exists()
    trip = RoundTrip.objects.get()
    assert (trip.net, trip.fills, trip.closed_at) == (57, 2, START + timedelta(days=1))


def test_the_same_content_again_is_the_same_fill(ada, book, make_fill):
    new = make_fill("f1", "buy", "2", "100")
    first = book_fills([new], ada)
    size = audit.head().size
    again = book_fills([replace(new, line=9)], ada)
    assert (first.fills[0].pk, again.new) == (again.fills[0].pk, 0)
    assert audit.head().size == size
    assert Fill.objects.count() == 1


def test_other_content_under_a_known_id_is_a_conflict_and_books_nothing(
    ada, book, make_fill
):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    batch = [make_fill("f0", "buy", "1", "1"), make_fill("f1", "buy", "2", "101")]
    with pytest.raises(Conflict) as caught:
        book_fills(batch, ada)
    assert [one.pointer for one in caught.value.errors] == ["/trades/1/external_id"]
    assert Fill.objects.count() == 1


def test_each_call_is_one_event_of_its_fills(ada, book, make_fill):
    booked = book_fills(
        [make_fill("f1", "buy", "2", "100"), make_fill("f2", "buy", "1", "90")], ada
    )
    ids = [fill.pk for fill in booked.fills]
    events = audit.about([f"trades:{ids[0]}-{ids[1]}"], 10)
    assert [event.kind for event in events] == ["trades.fill.booked"]


def test_a_late_fill_is_matched_as_if_it_had_come_in_time(ada, book, make_fill):
    book_fills([make_fill("f2", "buy", "1", "200", day=2)], ada)
    book_fills([make_fill("f3", "sell", "1", "300", day=3)], ada)
    assert Balance.objects.get().realised == 100
    book_fills([make_fill("f1", "buy", "1", "100", day=1)], ada)
    assert Balance.objects.get().realised == 200
    assert Match.objects.get(lot__fill__external_id="f1").quantity == 1
    assert Position.objects.get().amount == 200
    assert differences(book) == []


def test_a_buy_dated_earlier_heals_a_missing_acquisition(ada, book, make_fill):
    book_fills([make_fill("f2", "sell", "1", "300", day=3)], ada)
    assert Match.objects.get().reason == "missing_acquisition"
    book_fills([make_fill("f1", "buy", "1", "100", day=1)], ada)
    assert (Match.objects.get().reason, Match.objects.get().realised) == ("", 200)


def test_a_late_fill_leaves_trips_that_ended_before_it_alone(ada, book, make_fill):
    for index, (side, day) in enumerate([("buy", 1), ("sell", 2), ("buy", 5)]):
        book_fills([make_fill(f"f{index}", side, "1", "100", day=day)], ada)
    first = Match.objects.get().pk
    book_fills([make_fill("late", "buy", "1", "90", day=3)], ada)
    assert Match.objects.get().pk == first
    assert differences(book) == []


def test_a_late_fill_before_a_trip_that_ended_changes_that_trip(ada, book, make_fill):
    for index, (side, day) in enumerate([("buy", 2), ("sell", 3), ("buy", 5)]):
        book_fills([make_fill(f"f{index}", side, "1", "100", day=day)], ada)
    book_fills([make_fill("late", "buy", "1", "90", day=1)], ada)
    assert Match.objects.get(lot__fill__external_id="late").quantity == 1
    assert Balance.objects.get().realised == 10
    assert differences(book) == []


def test_stored_rows_equal_derived_ones_in_whatever_order_facts_come(
    ada, book, make_fill, make_move
):
    random = Random(7)
    facts = [
        make_fill(
            f"f{day}",
            random.choice(("buy", "sell")),
            str(random.randint(1, 9)),
            str(random.randint(50, 150)),
            day=day,
            fee=Decimal(random.randint(0, 3)) / 1000,
            fee_currency=random.choice(("USD", "BTC")),
            strategy=random.choice(("a", "b", "")),
        )
        for day in range(40)
    ]
    book.allow_short = True
    book.save()
    random.shuffle(facts)
    for fact in facts[:30]:
        book_fills([fact], ada)
    book_transfers(
        [make_move("t", "withdrawal", "BTC", "-2", 20, symbol="BTC-USD")], ada
    )
    book_fills(facts[30:], ada)
    assert differences(book) == []
    rows = Position.objects.order_by("pk")
    before = list(rows.values_list("pk", "quantity", "amount", "fee"))
    rebuild(book)
    assert differences(book) == []
    assert list(rows.values_list("pk", "quantity", "amount", "fee")) == before


def test_a_changed_row_is_found(ada, book, make_fill):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    Lot.objects.update(remaining_amount=Decimal("199.99"))
    assert differences(book) == ["BTC-USD lots: 1 stored, 1 derived, 1 differ"]
    Balance.objects.update(cash=Decimal(5))
    assert any("USD balance" in one for one in differences(book))


def test_a_fee_in_a_third_currency_moves_its_cash_and_needs_a_rate(
    ada, book, make_fill
):
    set_prices([NewPrice(symbol="BNB-USD", at=START, price=Decimal(300))], ada)
    fee = {"fee": Decimal("0.01"), "fee_currency": "BNB"}
    book_fills([make_fill("f1", "buy", "1", "100", day=1, **fee)], ada)
    book_fills([make_fill("f2", "buy", "1", "100", day=-1, **fee)], ada)
    assert Fill.objects.get(external_id="f1").fee_value == 3
    assert Fill.objects.get(external_id="f2").fee_value is None
    assert Balance.objects.get(currency="BNB").cash == Decimal("-0.02")
    usd = Balance.objects.get(currency="USD")
    assert (usd.cash, usd.fees, usd.fees_missing) == (-200, 3, 1)


def test_a_base_fee_that_eats_the_quantity_is_refused(ada, book, make_fill):
    fee = {"fee": Decimal(1), "fee_currency": "BTC"}
    with pytest.raises(Invalid) as caught:
        book_fills([make_fill("f1", "buy", "1", "100", **fee)], ada)
    assert caught.value.errors[0].pointer == "/fee"


def test_a_symbol_without_a_quote_is_quoted_in_the_base_currency(ada, book, make_fill):
    book_fills([make_fill("f1", "buy", "1", "100", symbol="AAPL")], ada)
    instrument = Instrument.objects.get()
    assert (instrument.symbol, instrument.base, instrument.quote) == (
        "AAPL",
        "AAPL",
        "USD",
    )


def test_an_instrument_goes_out_at_cost(ada, book, make_fill, make_move):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    moves, new = book_transfers(
        [make_move("t1", "withdrawal", "BTC", "-1", day=1)], ada
    )
    assert (new, moves[0].instrument) == (1, None)  # nobody named it
    assert str(Match.objects.get().instrument) == "BTC-USD"
    assert Position.objects.get().quantity == 1
    assert not Balance.objects.filter(currency="BTC").exists()
    assert differences(book) == []


def test_cash_moves_the_balance_only(ada, book, make_move):
    book_transfers([make_move("t1", "deposit", "USD", "1000")], ada)
    assert Balance.objects.get().cash == 1000
    assert Transfer.objects.get().instrument is None
    with pytest.raises(Conflict):
        book_transfers([make_move("t1", "deposit", "USD", "1001")], ada)


def test_a_split_multiplies_what_is_held_in_every_book(
    ada, book, make_fill, make_split
):
    book_fills([make_fill("f1", "buy", "1", "300", day=1)], ada)
    assert record_split(make_split(3, day=2), ada)[1]
    assert Position.objects.get().quantity == 3
    assert not record_split(make_split(3, day=2), ada)[1]
    assert Position.objects.get().quantity == 3
    book_fills([make_fill("f2", "sell", "3", "110", day=3)], ada)
    assert Match.objects.get().realised == 30
    assert differences(book) == []


def test_a_fill_before_a_split_that_came_later_counts_as_split(
    ada, book, make_fill, make_split
):
    book_fills([make_fill("f1", "buy", "1", "300", day=1)], ada)
    record_split(make_split(2, day=5), ada)
    book_fills([make_fill("f2", "buy", "1", "300", day=3)], ada)
    assert Position.objects.get().quantity == 4
    assert differences(book) == []
    with pytest.raises(Conflict):
        record_split(make_split(5, day=5), ada)


def test_the_marker_tells_a_restored_copy_from_a_changed_one(
    ada, book, make_fill, make_move
):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    book_transfers([make_move("t1", "deposit", "USD", "1000")], ada)
    before = booked("default")
    assert before == {
        "ada-main: fills": "1",
        "ada-main: quantity": "2",
        "ada-main: amount": "200",
        "ada-main: transferred USD": "1000",
        "ada-main: USD cash": "800",
        "ada-main: USD realised": "0",
    }
    Fill.objects.update(quantity=Decimal(3))
    assert booked("default") != before


def test_mallory_may_not_write_in_adas_book(book, mallory, make_fill, person):
    with pytest.raises(Invalid, match="may see"):
        book_fills([make_fill("f1", "buy", "1", "1", book="ada-main")], mallory)
    viewer = person("vera", "Viewer")
    with pytest.raises(Forbidden):
        book_fills([make_fill("f1", "buy", "1", "1", book="ada-main")], viewer)


def test_other_prices_for_the_same_moment_are_a_conflict(ada):
    price = NewPrice(symbol="BTC-USD", at=START, price=Decimal(100))
    assert set_prices([price], ada)[1] == 1
    assert set_prices([price], ada)[1] == 0
    with pytest.raises(Conflict):
        set_prices([replace(price, price=Decimal(101))], ada)


def test_a_stated_balance_is_kept_once(ada, book):
    new = NewBalance(asset="USD", amount=Decimal(5), at=START)
    (first, fresh), (again, repeated) = state_balance(new, ada), state_balance(new, ada)
    assert (first.pk, fresh, repeated) == (again.pk, True, False)
    with pytest.raises(Conflict):
        state_balance(replace(new, amount=Decimal(6)), ada)


def test_a_history_of_five_thousand_fills_takes_few_queries(
    ada, book, make_fill, django_assert_max_num_queries
):
    fills = [
        make_fill(f"f{i}", ("buy", "sell")[i % 2], "1", str(100 + i % 7), day=i / 100)
        for i in range(5000)
    ]
    with django_assert_max_num_queries(330):
        recorded = record_history(book, fills, [], [], [], ada)
    assert recorded.new["fills"] == 5000
    assert Match.objects.count() == 2500
    assert differences(book) == []


def test_everything_of_one_call_is_recorded_at_one_moment(ada, book, make_fill):
    from django.db import transaction

    with transaction.atomic():
        done = record(
            locked(book),
            Entries(
                fills=[
                    make_fill("a", "buy", "1", "1"),
                    make_fill("b", "buy", "1", "1"),
                ]
            ),
        )
    assert {fill.recorded_at for fill in done.fills} == {done.recorded_at}
