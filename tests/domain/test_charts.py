"""Charts: two drawings, readable, safe, and without anything the policy forbids."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel.bars import histogram
from kernel.charts import Line, Marker, donut, sparkline, timeline
from kernel.drawing import Drawn, path
from kernel.scales import Bin, compact, labels, nice_ticks, percent_label, thin

DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(400)]
EQUITY = [Decimal(1000 + (n * 37) % 211 + n) for n in range(400)]
DRAWDOWN = [Decimal((n * 13) % 17) / Decimal(-200) for n in range(400)]


def curve(**more: object) -> Drawn:
    return timeline(
        DAYS,
        [Line(EQUITY, "main", filled=True)],
        name="equity",
        title="Equity & more",
        description='From 1000 to "1500"',
        **more,  # type: ignore[arg-type]
    )


def shapes(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text


@pytest.mark.parametrize("drawing", ["wide", "narrow"])
def test_a_curve_is_well_formed_and_named(drawing):
    root = shapes(
        getattr(curve(below=[[Line(DRAWDOWN, "loss", filled=True)]]), drawing)
    )
    assert root.get("role") == "img"
    named = str(root.get("aria-labelledby")).split()
    texts = [one.text for one in root if one.get("id") in named]
    assert texts == ["Equity & more", 'From 1000 to "1500"']


def test_ids_of_the_two_drawings_differ():
    drawn = curve()
    ids = [one.get("id") for svg in (drawn.wide, drawn.narrow) for one in shapes(svg)]
    found = [one for one in ids if one]
    assert len(found) == len(set(found)) == 4


def test_no_inline_style_and_no_script():
    drawn = curve(below=[[Line(DRAWDOWN, "loss", filled=True)]])
    ring = donut([("BTC", 3), ("Cash", 1)], title="t", centre="4", caption="c")
    for svg in (*vars(drawn).values(), ring, sparkline([1, 2])):
        assert not re.search(r"style=|<script|\son\w+=", svg)


def test_what_people_typed_is_escaped():
    drawn = timeline(
        DAYS, [Line(EQUITY)], name="x", title="<script>1</script>", description="a"
    )
    assert "<script>" not in drawn.wide
    ring = donut([("<b>", 1)], title='"><b>', centre="<i>", caption="c")
    assert "<b>" not in ring
    assert "<i>" not in ring


def test_everything_drawn_lies_inside_the_frame():
    drawn = curve(below=[[Line(DRAWDOWN, "loss", filled=True)]])
    for svg in (drawn.wide, drawn.narrow):
        root = shapes(svg)
        _, _, width, height = (float(n) for n in str(root.get("viewBox")).split())
        for each in root.iter("path"):
            pairs = points_of(str(each.get("d")))
            assert pairs
            assert all(0 <= x <= width for x, _ in pairs)
            assert all(0 <= y <= height for _, y in pairs)


def points_of(d: str) -> list[tuple[float, float]]:
    """Where a path goes: from an "m" on each pair of numbers is a step, else a place."""
    numbers = [float(n) for n in re.findall(r"-?(?:\d+(?:\.\d+)?|\.\d+)", d)]
    across, down = numbers[::2], numbers[1::2]
    if d.startswith("m"):
        across, down = (list(itertools.accumulate(steps)) for steps in (across, down))
    return [(round(x, 6), round(y, 6)) for x, y in zip(across, down, strict=True)]


def test_a_path_of_steps_goes_where_its_points_are():
    random = Random(5)
    points = [
        (n * 1.37, random.choice([1, -1]) * random.expovariate(0.1)) for n in range(400)
    ]
    written = path(points)
    for (x, y), (right, down) in zip(points_of(written), points, strict=True):
        assert max(abs(x - right), abs(y - down)) < 0.051
    assert len(written) < 10 * len(points)


def test_labels_of_the_two_panels_do_not_meet():
    root = shapes(curve(below=[[Line(DRAWDOWN, "loss", filled=True)]]).wide)
    heights = sorted(
        float(str(one.get("y")))
        for one in root.iter("text")
        if not one.get("text-anchor")
    )
    gaps = [after - before for before, after in itertools.pairwise(heights)]
    assert min(gaps) >= 11


def test_a_long_series_is_thinned_and_keeps_its_extremes():
    points = [(float(n), float((n * 7919) % 10007)) for n in range(10_000)]
    kept = thin(points, 600)
    assert len(kept) <= 700
    heights = [y for _, y in points]
    assert {min(heights), max(heights)} <= {y for _, y in kept}
    assert kept == sorted(kept)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.integers(2, 8))
@example(0.0, 5e-324, 3)
def test_ticks_cover_the_range_with_few_round_numbers(low, spread, most):
    ticks = nice_ticks(low, low + spread, most)
    assert ticks[0] <= low + 1e-6 * abs(low) + 1e-9
    assert ticks[-1] >= low + spread - 1e-6 * abs(low + spread) - 1e-9
    assert len(ticks) <= 2 * most + 3


def test_nothing_to_draw_is_empty():
    assert timeline([], [], name="x", title="t", description="d") == Drawn("", "")  # type: ignore[arg-type]
    assert sparkline([1]) == ""


def test_one_day_is_a_dot_in_each_panel():
    below = [[Line([Decimal("-0.1")], "loss")]]
    drawn = timeline(
        DAYS[:1], [Line([5])], name="x", title="t", description="d", below=below
    )
    dots = [dot.get("class") for dot in shapes(drawn.wide).iter("circle")]
    assert dots == ["chart__dot--main", "chart__dot--loss"]


@pytest.mark.parametrize(
    ("values", "filled"),
    [([100, 101], False), ([-5, -9], False), ([0, 3], True), ([-1, 1], True)],
)
def test_an_area_is_filled_only_from_a_0_that_the_axis_shows(values, filled):
    line = Line(values, "main", filled=True)
    drawn = timeline(DAYS[:2], [line], name="x", title="t", description="d")
    assert ("chart__area--main" in drawn.wide) == filled


@given(st.floats(1e-8, 1e15), st.floats(1e-6, 1), st.sampled_from([-1, 1]))
def test_labels_of_an_axis_never_repeat(size, spread, sign):
    low, high = sorted((sign * size, sign * size * (1 + spread)))
    marks = nice_ticks(low, high, 6)
    shown = labels(marks, compact)
    assert len(set(shown)) == len(marks)


def test_close_values_get_as_many_digits_as_they_need():
    assert labels([1_000_100, 1_000_200], compact) == ["1.0001M", "1.0002M"]


def test_money_that_came_and_went_is_marked_with_its_words():
    markers = [Marker(3, True, "$5 paid in <1>"), Marker(9, False, "$2 taken out")]
    for svg in vars(curve(markers=markers)).values():
        flows = [
            (str(path.get("class")).split("--")[1], path[0].text)
            for path in shapes(svg).iter("path")
            if "chart__flow" in str(path.get("class"))
        ]
        assert flows == [("in", "$5 paid in <1>"), ("out", "$2 taken out")]


def test_bars_say_their_borders_and_counts():
    bars = [
        Bin(-0.01, 0.0, 2),
        Bin(0.0, 0.01, 1_200),
        Bin(0.01, 0.02, 0),
    ]
    drawn = histogram(bars, name="h", title="t", description="d")
    for svg in vars(drawn).values():
        found = [
            (str(rect.get("class")), rect[0].text) for rect in shapes(svg).iter("rect")
        ]
        assert found == [
            ("chart__bar--loss", "−1 % to 0 %: 2"),
            ("chart__bar--gain", "0 % to 1 %: 1,200"),
            ("chart__bar--gain", "1 % to 2 %: 0"),
        ]
        heights = [float(str(rect.get("height"))) for rect in shapes(svg).iter("rect")]
        assert heights[1] > 100 * heights[0] > 100 * heights[2] == 0


@given(st.integers(0, 10_000))
@example(12)  # between ticks of 2.5, of which only whole ones are drawn
def test_no_bar_leaves_its_frame(count):
    drawn = histogram([Bin(0.0, 1.0, count)], name="h", title="t", description="d")
    for svg in vars(drawn).values():
        (rect,) = shapes(svg).iter("rect")
        assert float(str(rect.get("y"))) >= 0
        assert float(str(rect.get("height"))) >= 0


def test_no_bars_are_no_picture():
    assert histogram([], name="h", title="t", description="d") == Drawn("", "")  # type: ignore[arg-type]


def test_a_flat_line_is_drawn():
    assert shapes(
        timeline(DAYS[:3], [Line([0, 0, 0])], name="x", title="t", description="d").wide
    )


def test_arcs_fill_the_ring_in_proportion():
    ring = shapes(donut([("a", 3), ("b", 1)], title="t", centre="", caption=""))
    starts = [float(str(one.get("stroke-dashoffset"))) for one in ring.iter("circle")]
    assert starts[0] == 0
    assert starts[1] == pytest.approx(-0.75 * 2 * 3.14159265 * 52, abs=0.01)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_284_317, "1.28M"),
        (950, "950"),
        (-40_000, "−40k"),
        (0.05, "0.05"),
        (0, "0"),
        (1.5e12, "1.5T"),
        (-1.5e15, "−1.5e15"),
        (1e-8, "1e-08"),
    ],
)
def test_axis_numbers_are_short(value, shown):
    assert compact(value) == shown


def test_percent_labels_have_a_true_minus():
    assert percent_label(-0.05) == "−5 %"
