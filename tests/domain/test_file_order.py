"""The order of a file's rows: which way round it lists them, what a clock change
means, and one numbering of all facts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.domain.formats import broken, read
from trades.domain.formats.file_order import RowTime, places

BERLIN = ZoneInfo("Europe/Berlin")
OWN = "external_id,symbol,side,quantity,price,executed_at\n"


def at(day):
    return datetime(2026, 1, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rows", "ordered"),
    [
        ("", ""),
        ("a1", "a1"),
        ("a1 b2 c3", "a1 b2 c3"),
        ("c3 b2 a1", "a1 b2 c3"),
        ("a1 b1 c1", "a1 b1 c1"),  # equal times decide nothing
        ("c2 b1 a1", "a1 b1 c2"),  # falls: newest first, so is its one day
        ("c2 b2 a1", "a1 b2 c2"),
        ("a2 b1 c2", "b1 a2 c2"),  # falls and rises: the file's order stands
    ],
)
def test_a_symbol_is_reversed_where_its_times_only_fall(rows, ordered):
    text = OWN + "".join(
        f"{row},BTC-USD,buy,1,1,2026-01-0{row[1]}T00:00:00Z\n" for row in rows.split()
    )
    if rows:
        parsed = read(text)
        assert " ".join(fill.external_id for fill in parsed.fills) == ordered
        assert [f.sequence for f in parsed.fills] == list(range(len(parsed.fills)))


@pytest.mark.parametrize(
    ("groups", "reversed_groups"),
    [
        ({"A": "21", "B": "21"}, "AB"),
        ({"A": "21", "B": "12"}, "A"),
        ({"A": "21", "B": "1"}, "AB"),  # one row follows the others
        ({"A": "21", "B": "12", "C": "1"}, "A"),  # who do not agree
        ({"A": "21", "": "12"}, "A "),  # cash never decides, it follows
        ({"A": "12", "": "21"}, ""),
        ({"A": "2112", "B": "21"}, "AB"),  # what falls and rises follows too
        ({"": "21"}, ""),
        ({"A": "11", "B": "33"}, ""),
    ],
)
def test_newest_first_is_decided_for_each_symbol(groups, reversed_groups):
    moments = [
        RowTime(group, at(int(day))) for group, days in groups.items() for day in days
    ]
    order = places(moments)
    turned = {
        moment.group
        for index, (moment, place) in enumerate(zip(moments, order, strict=True))
        if place == len(moments) - 1 - index and place != index
    }
    middle = {m.group for i, m in enumerate(moments) if 2 * i == len(moments) - 1}
    assert turned - middle == set(reversed_groups.replace(" ", "")) - middle | (
        {""} if " " in reversed_groups else set()
    )


def test_a_file_grouped_by_symbol_keeps_what_happened_first_first():
    text = OWN + (
        "b1,GOLD-EUR,buy,1,10,2026-01-05T00:00:00Z\n"
        "s1,GOLD-EUR,sell,1,12,2026-01-05T00:00:00Z\n"
        "x1,GOLD-EUR,buy,1,11,2026-01-06T00:00:00Z\n"
        "b0,TIN-EUR,buy,1,5,2026-01-01T00:00:00Z\n"
    )
    assert [fill.external_id for fill in read(text).fills] == ["b0", "b1", "s1", "x1"]


# --- clock changes: in Berlin 02:00-03:00 exists twice on 26 October 2025 -----------


def local(*times, zone=BERLIN):
    rows = "".join(
        f"t{i},GOLD-EUR,buy,1,1,2025-10-26 {time}\n" for i, time in enumerate(times)
    )
    return read(OWN + rows, zone=zone)


def moments_of(parsed):
    return {f.external_id: f"{f.executed_at:%H:%M}" for f in parsed.fills}


@pytest.mark.parametrize(
    ("times", "utc", "said"),
    [
        # 02:10 comes after 02:50: the second time round
        (["01:30", "02:50", "02:10"], ["23:30", "00:50", "01:10"], []),
        # both passes keep the order: the first, and that is said
        (["01:30", "02:10", "03:30"], ["23:30", "00:10", "02:30"], [3]),
        (["02:10", "02:50", "02:20"], ["00:10", "00:50", "01:20"], []),
        # newest first
        (
            ["03:30", "02:10", "02:50", "01:30"],
            ["02:30", "01:10", "00:50", "23:30"],
            [],
        ),
        # a moment with its own offset lies between
        (["02:30+02:00", "02:20"], ["00:30", "01:20"], []),
        (["02:30+01:00", "02:40", "03:10"], ["01:30", "01:40", "02:10"], []),
    ],
)
def test_a_local_time_that_exists_twice_keeps_the_files_order(times, utc, said):
    parsed = local(*times)
    assert moments_of(parsed) == {f"t{i}": time for i, time in enumerate(utc)}
    named = [note for note in parsed.notes if "exists twice" in note]
    assert [int(note.split(":")[0].removeprefix("line ")) for note in named] == said


def test_a_local_time_that_was_jumped_over_is_broken():
    row = "t,GOLD-EUR,buy,1,1,2026-03-29 02:30:00\n"
    assert (
        "2026-03-29 02:30:00 does not exist in Europe/Berlin"
        in (broken(read(OWN + row, zone=BERLIN))[0])
    )
    assert read(OWN + row.replace("02:30:00", "02:30:00Z"), zone=BERLIN).fills


def test_fills_and_transfers_of_a_file_are_numbered_together():
    head = "portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id"
    moment = "2026-01-02T00:00:00Z"
    parsed = read(
        f"{head}\n"
        f"default,deposit,{moment},100,100,EUR,d1,,\n"
        f"default,match,{moment},-30,70,EUR,,7,o1\n"
        f"default,match,{moment},3,3,GOLD,,7,o1\n"
        f"default,withdrawal,{moment},-5,65,EUR,w1,,\n"
    )
    placed = {row.external_id: row.sequence for row in parsed.fills}
    placed |= {row.external_id: row.sequence for row in parsed.transfers}
    assert placed == {"coinbase:d1": 0, "coinbase:7": 1, "coinbase:w1": 2}
