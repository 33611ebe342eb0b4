"""What the list's URL means, and which links lead on from it; nothing is stored."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict

from trades.forms.imports import ImportForm
from trades.models import LISTED, Fill
from trades.pages.drawer import drawer
from trades.pages.listing import at_step, list_state, listing
from trades.queries.trades import time_bound, trade_detail
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.transfers import book_transfers


def state(text):
    return list_state(QueryDict(text))


@pytest.mark.parametrize(
    ("value", "step", "shown"),
    [
        ("1234.5", None, "1,234.5"),
        ("1234.5", "0.01", "1,234.50"),
        ("1234.567", "0.01", "1,234.567"),
        ("2", "1", "2"),
        ("2", "0.00000001", "2.00000000"),
        ("-0.5", "0.1", "−0.5"),
        ("0", "0.01", "0.00"),
        ("1000000", "1", "1,000,000"),
    ],
)
def test_a_number_has_the_decimals_of_its_step_and_more_where_it_has_more(
    value, step, shown
):
    assert at_step(Decimal(value), None if step is None else Decimal(step)) == shown


@pytest.mark.parametrize(
    ("query", "field", "value"),
    [
        ("", "symbol", ""),
        ("symbol=BTC-USD", "symbol", "BTC-USD"),
        ("symbol=%20BTC-USD%20", "symbol", "BTC-USD"),
        ("side=sell", "side", "sell"),
        ("book=7", "book", "7"),
        ("q=f1", "q", "f1"),
        ("from=2026-01-02", "start", datetime(2026, 1, 2, tzinfo=UTC)),
        ("to=2026-01-02", "end", datetime(2026, 1, 3, tzinfo=UTC)),
        ("to=2026-01-02T10:00:00Z", "end", datetime(2026, 1, 2, 10, tzinfo=UTC)),
        ("from=never", "start", None),
        ("colour=red", "symbol", ""),
    ],
)
def test_a_url_is_read_into_a_filter(query, field, value):
    assert getattr(state(query).chosen, field) == value


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=never", "“from”: 'never' is no time"),
        ("to=2026-02-30", "“to”: '2026-02-30' is no time"),
        ("from=1066-10-14", "lies before 1900"),
        ("from=2026-01-01", ""),
    ],
)
def test_a_date_that_is_none_is_said(query, said):
    problem = state(query).problem
    assert said in problem
    assert bool(problem) is bool(said)


def test_links_keep_what_is_on_and_drop_what_is_not():
    shown = state("symbol=BTC-USD&side=&cursor=abc&before=")
    assert shown.query == "symbol=BTC-USD"
    assert shown.paged == "symbol=BTC-USD&cursor=abc"
    assert state("").query == state("").paged == ""


@pytest.mark.parametrize(
    ("value", "end", "at"),
    [
        ("2026-03-01", False, "2026-03-01T00:00:00+00:00"),
        ("2026-03-01", True, "2026-03-02T00:00:00+00:00"),
        (" 2026-02-28 ", True, "2026-03-01T00:00:00+00:00"),
        ("2026-03-01T05:00:00+01:00", True, "2026-03-01T04:00:00+00:00"),
    ],
)
def test_a_date_includes_its_day(value, end, at):
    assert time_bound(value, end=end).isoformat() == at


# --- with trades ------------------------------------------------------------------


def chips(context):
    return {chip.text: parse_qs(urlsplit(chip.url).query) for chip in context["chips"]}


@pytest.mark.django_db
def test_each_filter_that_is_on_has_a_chip_that_takes_it_off(ada, book):
    context = listing(ada, state("symbol=BTC-USD&side=buy&q=f1"))
    assert chips(context) == {
        "search: f1": {"symbol": ["BTC-USD"], "side": ["buy"]},
        "symbol: BTC-USD": {"q": ["f1"], "side": ["buy"]},
        "side: buy": {"q": ["f1"], "symbol": ["BTC-USD"]},
    }
    assert listing(ada, state(""))["chips"] == []


@pytest.mark.django_db
def test_the_pager_keeps_the_filters(ada, book, make_fill):
    book_fills([make_fill(f"f{n}", "buy", "1", "1", day=n) for n in range(60)], ada)
    first = listing(ada, state("side=buy"))
    assert (len(first["rows"]), first["about"], first["newer_url"]) == (50, 60, "")
    older = parse_qs(urlsplit(first["older_url"]).query)
    assert older["side"] == ["buy"]
    second = listing(ada, state(f"side=buy&cursor={older['cursor'][0]}"))
    assert (len(second["rows"]), second["older_url"]) == (10, "")
    newer = parse_qs(urlsplit(second["newer_url"]).query)
    back = listing(ada, state(f"side=buy&before={newer['before'][0]}"))
    assert [row.trade for row in back["rows"]] == [row.trade for row in first["rows"]]


@pytest.mark.django_db
def test_choices_of_the_filters_are_what_one_may_read(ada, mallory, book, make_fill):
    book_fills([make_fill("f1", "buy", "1", "1", strategy="slow")], ada)
    mine, theirs = listing(ada, state("")), listing(mallory, state(""))
    assert (mine["symbols"], mine["books"]) == (["BTC-USD"], [book])
    assert (theirs["symbols"], theirs["books"], theirs["rows"]) == ([], [], [])


@pytest.fixture
def opened(ada, book):
    """opened(fill) -> the context of its drawer, beside the whole list."""

    def look(fill, rows=None):
        detail = trade_detail(ada, fill.pk)
        assert detail is not None
        beside = listing(ada, state(""), selected=fill.pk)["rows"]
        return drawer(detail, beside if rows is None else rows, ada)

    return look


@pytest.mark.django_db
def test_the_drawer_knows_its_neighbours(ada, book, make_fill, opened):
    fills = book_fills(
        [make_fill(f"f{n}", "buy", "1", "1", day=n) for n in range(3)], ada
    ).fills
    urls = [f"/trades/{fill.pk}/" for fill in fills]
    assert opened(fills[2])["previous_url"] == ""
    assert opened(fills[2])["next_url"] == urls[1]
    assert opened(fills[1])["previous_url"] == urls[2]
    assert opened(fills[0])["next_url"] == ""
    alone = opened(fills[0], rows=[])
    assert (alone["previous_url"], alone["next_url"]) == ("", "")


@pytest.mark.django_db
def test_how_long_the_oldest_lot_was_held(ada, book, make_fill, opened):
    rows = [
        make_fill("f1", "buy", "1", "1"),
        make_fill("f2", "buy", "1", "1", day=2),
        make_fill("f3", "sell", "2", "2", day=5),
    ]
    bought, _, sold = book_fills(rows, ada).fills
    assert opened(sold)["held"] == timedelta(days=5)
    assert opened(bought)["held"] is None


@pytest.mark.django_db
def test_a_sale_of_what_nobody_bought_says_so(ada, book, make_fill, opened, client_of):
    sold = book_fills([make_fill("f1", "sell", "1", "5")], ada).fills[0]
    context = opened(sold)
    assert [match.reason for match in context["detail"].closed] == [
        "missing_acquisition"
    ]
    page = client_of(ada).get(f"/trades/{sold.pk}/").content.decode()
    assert "Missing Acquisition" in page


@pytest.mark.django_db
def test_what_came_in_without_a_cost_leaves_the_result_open(
    ada, book, make_fill, make_move, opened
):
    book_transfers([make_move("t1", "transfer", "BTC", "1", symbol="BTC-USD")], ada)
    sold = book_fills([make_fill("f1", "sell", "1", "5", day=1)], ada).fills[0]
    detail = opened(sold)["detail"]
    assert (detail.realised, detail.gross) == (None, None)
    assert [match.reason for match in detail.closed] == ["missing_cost"]


@pytest.mark.django_db
def test_a_fee_without_a_rate_is_shown_as_left_out(ada, book, make_fill, client_of):
    fee = {"fee": Decimal("0.1"), "fee_currency": "BNB"}
    fill = book_fills([make_fill("f1", "buy", "1", "5", **fee)], ada).fills[0]
    page = client_of(ada).get(f"/trades/{fill.pk}/").content.decode()
    assert "no rate to USD: left out of sums" in " ".join(page.split())


@pytest.mark.django_db
def test_prices_around_a_trade_are_drawn_and_none_are_said(
    ada, book, make_fill, client_of, opened
):
    from tests.trades.conftest import START
    from trades.domain.facts import NewPrice

    fill = book_fills([make_fill("f1", "buy", "1", "5")], ada).fills[0]
    client = client_of(ada)
    assert "No prices stored" in client.get(f"/trades/{fill.pk}/").content.decode()
    prices = [
        NewPrice(
            symbol="BTC-USD", at=START + timedelta(hours=n - 50), price=Decimal(n + 1)
        )
        for n in range(100)
    ]
    set_prices(prices, ada)
    around = opened(fill)["detail"].prices
    assert (len(around), around[0].price, around[-1].price) == (60, 12, 71)


@pytest.mark.django_db
def test_the_other_fills_of_an_order_are_listed(ada, book, make_fill, opened):
    rows = [make_fill(f"f{n}", "buy", "1", "1", day=n, order_id="o1") for n in range(3)]
    rows.append(make_fill("f9", "buy", "1", "1", day=9))
    fills = book_fills(rows, ada).fills
    assert [fill.external_id for fill in opened(fills[1])["detail"].order] == [
        "f0",
        "f1",
        "f2",
    ]
    assert opened(fills[3])["detail"].order == []


@pytest.mark.django_db
@pytest.mark.parametrize("status", LISTED)
def test_a_status_narrows(ada, book, make_fill, status):
    book_fills(
        [make_fill("f1", "buy", "1", "1"), make_fill("f2", "buy", "1", "1")], ada
    )
    Fill.objects.filter(external_id="f2").update(status=status)
    shown = [
        row.trade.external_id for row in listing(ada, state(f"status={status}"))["rows"]
    ]
    assert shown == (["f2", "f1"] if status == "booked" else ["f2"])


def test_the_form_says_where_rows_go():
    form = ImportForm({"book": " main ", "base": " usd ", "zone": ""})
    assert not form.is_valid()
    assert set(form.errors) == {"file"}
    assert form.fields["book"].widget.attrs["list"] == "own-books"
