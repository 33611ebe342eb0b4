"""Numbers as the pages say them: formatted here, from Decimal, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.charts import Drawn, Line, donut, sparkline, timeline
from kernel.display import MINUS, MISSING, arrow, grouped
from kernel.scales import compact
from portfolio.domain import returns
from portfolio.domain import statistics as stats
from portfolio.domain.metrics import REASONS, Measured, Metric
from portfolio.domain.returns import Day, Drawdown, Month
from portfolio.domain.statistics import FORMULAS, Undefined, floats
from portfolio.domain.valuation import HUNDRED, percent_of
from portfolio.queries.holdings import PositionRow
from portfolio.queries.performance import Part, Performance
from portfolio.queries.summary import Portfolio

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
TONES = {1: "gain", -1: "loss", 0: ""}
MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
RING = 4
CHART_ID = "equity-data"
KEEP_POINTS = 1_500


def amount(value: Decimal | None, currency: str, places: int | None = None) -> str:
    """ "$1,284,317.42", "−€5.00", "4.62208578 BTC"; an en dash for nothing."""
    if value is None:
        return MISSING
    sign = SIGNS.get(currency)
    if places is None:
        places = 2 if sign else 8
    shown = grouped(value, places)
    if sign is None:
        return f"{shown} {currency}".strip()
    return f"{MINUS}{sign}{shown[1:]}" if shown.startswith(MINUS) else sign + shown


def change(value: Decimal | None, currency: str) -> str:
    """With direction: "▲ +$58,781.28"."""
    if value is None:
        return MISSING
    plus = "+" if value > 0 else ""
    return f"{arrow(value)} {plus}{amount(value, currency)}".strip()


def percentage(value: Decimal | None, *, plus: bool = False, places: int = 2) -> str:
    """A number that already is a percentage."""
    if value is None:
        return MISSING
    shown = grouped(value, places)
    mark = "+" if plus and value > 0 and not shown.startswith(MINUS) else ""
    return f"{mark}{shown} %"


def tone(value: Decimal | None) -> str:
    return "" if not value else TONES[1 if value > 0 else -1]


@dataclass(frozen=True)
class Figure:
    """One key figure as `components/kpi.html` takes it."""

    label: str
    value: str
    tone: str = ""
    note: str = ""
    reason: str = ""
    spark: SafeString | str = ""
    href: str = ""


# --- portfolio ---------------------------------------------------------------------


def portfolio_figures(found: Portfolio) -> list[Figure]:
    currency, exposed = found.currency, found.exposure
    why = {name: REASONS.get(code, code) for name, code in found.reasons.items()}
    equity = found.equity
    cost = found.cost
    return [
        Figure(
            "Net asset value",
            amount(equity, currency),
            note=_day_note(found),
            reason=why.get("equity", "") if equity is None else "",
        ),
        Figure(
            "Cash",
            amount(found.cash_balance, currency),
            note=f"{percentage(percent_of(found.cash_balance, equity), places=1)} of NAV",
            reason=why.get("equity", "") if found.cash_balance is None else "",
        ),
        Figure(
            "Gross exposure",
            percentage(percent_of(exposed.gross, equity), places=1),
            note=amount(exposed.gross, currency),
        ),
        Figure(
            "Net exposure",
            percentage(percent_of(exposed.net, equity), places=1),
            note=f"{amount(found.invested, currency)} invested",
        ),
        Figure(
            "Unrealised P&L",
            change(found.unrealised, currency),
            tone(found.unrealised),
            note=f"{percentage(percent_of(found.unrealised, cost), plus=True)} on cost",
            reason=why.get("unrealised", why.get("equity", ""))
            if found.unrealised is None
            else "",
        ),
        Figure(
            "Realised P&L",
            change(found.realised, currency),
            tone(found.realised),
            note=f"net of {amount(found.fees, currency)} fees",
        ),
    ]


def _day_note(found: Portfolio) -> str:
    if found.day_pnl is not None:
        return f"{change(found.day_pnl, found.currency)} today"
    waits = found.reasons.get("day") == "recomputing"
    return "today is being recomputed" if waits else ""


def allocation(found: Portfolio) -> tuple[SafeString, list[tuple[int, str, str]]]:
    """The ring (largest four, the rest together, cash) and its legend of
    (colour number, name, percent)."""
    equity = found.equity
    held = [(one.symbol, one.value) for one in found.positions if one.value is not None]
    named: list[tuple[str, Decimal]] = held[: RING - 1]
    if len(held) >= RING:
        rest = sum((value for _, value in held[RING - 1 :]), Decimal(0))
        named.append(("Other, net", rest))
    if found.cash_balance is not None:
        named.append((f"{found.currency} cash", found.cash_balance))
    legend = [
        (number, name, percentage(percent_of(value, equity), places=1))
        for number, (name, value) in enumerate(named, 1)
    ]
    words = ", ".join(f"{name} {share}" for _, name, share in legend)
    ring = donut(
        named,
        title=f"Allocation of net asset value: {words}",
        centre=_short(equity, found.currency),
        caption="net assets",
    )
    return ring, legend


def _short(value: Decimal | None, currency: str) -> str:
    if value is None:
        return MISSING
    sign = SIGNS.get(currency, "")
    return f"{sign}{compact(value)}"


@dataclass(frozen=True)
class Bar:
    """One line of the exposure card."""

    label: str
    value: str
    part: str


def exposure_bars(found: Portfolio) -> list[Bar]:
    exposed, equity, currency = found.exposure, found.equity, found.currency
    rows = [
        ("Long", exposed.long),
        ("Short", exposed.short),
        ("Net", exposed.net),
        (
            f"Largest: {exposed.largest}" if exposed.largest else "Largest",
            exposed.largest_value,
        ),
    ]
    result = []
    for label, value in rows:
        share = percent_of(value, equity)
        shown = min(Decimal(100), abs(share)) if share is not None else Decimal(0)
        words = f"{amount(value, currency)} · {percentage(share, places=1)}"
        result.append(Bar(label, words, f"{shown:.1f}"))
    return result


def position_view(row: PositionRow, currency: str) -> dict[str, Any]:
    """A table row's texts."""
    valued, holding = row.valued, row.valued.holding
    quote, step = holding.quote, row.instrument.step
    places = (
        None if step is None else max(0, -int(step.normalize().as_tuple().exponent))
    )
    age = valued.price_age
    return {
        "row": row,
        "side": holding.side.capitalize(),
        "quantity": grouped(holding.quantity, places),
        "entry": amount(holding.entry_price, "", 2 if quote in SIGNS else 8),
        "cost": amount(holding.cost, quote),
        "mark": amount(
            valued.mark.price if valued.mark else None, "", 2 if quote in SIGNS else 8
        ),
        "source": valued.mark.source if valued.mark else "",
        "age": "" if age is None else _age(int(age.total_seconds())),
        "stale": age is None or age.days >= 1,
        "value": amount(row.value, currency),
        "weight": percentage(row.weight, places=1),
        "weight_bar": f"{min(Decimal(100), abs(row.weight or Decimal(0))):.1f}",
        "gain": change(row.gain, currency),
        "gain_percent": percentage(valued.unrealised_percent, plus=True),
        "tone": tone(row.gain),
        "reason": REASONS.get(valued.reason, valued.reason),
    }


def _age(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


# --- performance -------------------------------------------------------------------

SHOWN = (
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "max_drawdown",
    "win_rate",
    "profit_factor",
)


def metric_value(metric: Metric, currency: str = "") -> str:
    """A metric as people read it: fractions as percentages, ratios with two places."""
    if metric.value is None:
        return MISSING
    if metric.unit == "fraction":
        return percentage(metric.value * HUNDRED, plus=metric.name != "win_rate")
    if metric.unit == "money":
        return amount(metric.value, currency)
    return grouped(metric.value, 2)


def performance_figures(found: Performance, query: str) -> list[Figure]:
    """P&L and seven metrics, each with its note or the reason why it is missing."""
    measured, currency = found.measured, found.scope.currency
    named = measured.metrics
    levels = returns.index(found.days)
    notes = _notes(found)
    known = bool(found.days)
    figures = [
        Figure(
            "Net P&L",
            change(measured.pnl if known else None, currency),
            tone(measured.pnl),
            f"after {amount(measured.fees, currency)} fees of closed trips",
            "" if known else REASONS.get(found.reason or "insufficient_data", ""),
            sparkline(_running(found.days), "kg" if measured.pnl >= 0 else "kl"),
        )
    ]
    for name in SHOWN:
        metric = named[name]
        spark: SafeString | str = ""
        if name == "total_return":
            spark = sparkline(levels)
        elif name == "max_drawdown":
            spark = sparkline(returns.drawdown_series(levels), "kl")
        mood = (
            metric.value if name in {"total_return", "cagr", "max_drawdown"} else None
        )
        figures.append(
            Figure(
                metric.title,
                metric_value(metric, currency),
                tone(mood),
                notes.get(name, ""),
                metric.why if metric.value is None else "",
                spark,
                f"/performance/metrics/{name}/?{query}",
            )
        )
    return figures


def _running(days: Sequence[Day]) -> list[Decimal]:
    total = Decimal(0)
    result = []
    for one in days:
        total += one.pnl
        result.append(total)
    return result


def _notes(found: Performance) -> dict[str, str]:
    measured = found.measured
    notes = {
        "total_return": f"{len(found.days)} days, deposits left out",
        "cagr": "per year of 365 days",
        "sortino": "against 0 %",
        "win_rate": f"{measured.wins} of {len(measured.trips)} round trips",
        "profit_factor": f"{measured.wins} won, {measured.losses} lost",
    }
    between = measured.metrics["sharpe"].between
    if between is not None:
        low, high = (grouped(bound, 2) for bound in between)
        notes["sharpe"] = f"95 % between {low} and {high}"
    worst = measured.worst
    if worst is not None:
        ended = f"recovered in {worst.days} d" if worst.recovered else "not recovered"
        notes["max_drawdown"] = f"{worst.trough:%-d %b %Y}, {ended}"
    return notes


def equity_chart(found: Performance) -> Drawn:
    """Equity (or, for a slice, its P&L so far) over days, the drawdown under it."""
    days = found.days
    if not days:
        return Drawn(SafeString(""), SafeString(""))
    levels = returns.index(days)
    values = _curve(found)
    currency = found.scope.currency
    sign = SIGNS.get(currency, "")
    fell = found.measured.metrics["max_drawdown"]
    return timeline(
        [one.day for one in days],
        [Line(values, "k1", "a1")],
        name="equity",
        title=f"{_curve_name(found)} and drawdown, {found.chosen.period.name}",
        description=(
            f"From {amount(values[0], currency)} to {amount(values[-1], currency)}. "
            f"Deepest drawdown {metric_value(fell)}. The table holds the month ends."
        ),
        label=lambda value: f"{sign}{compact(value)}",
        below=Line(returns.drawdown_series(levels), "kl", "al"),
    )


def _curve(found: Performance) -> list[Decimal]:
    if found.chosen.sliced:
        return _running(found.days)
    return [one.equity for one in found.days]


def _curve_name(found: Performance) -> str:
    return "P&L" if found.chosen.sliced else "Equity"


def chart_data(found: Performance) -> dict[str, Any]:
    """What js/charts.js draws: seconds, and values as plain numbers; exact ones stay
    in the table and the API."""
    days = found.days
    every = max(1, len(days) // KEEP_POINTS)
    kept = range(0, len(days), every)
    fell = returns.drawdown_series(returns.index(days))
    values = _curve(found)
    seconds = [int(returns.day_end(days[n].day, "UTC").timestamp()) for n in kept]
    return {
        "t": seconds,
        "panels": [
            {
                "height": 260,
                "percent": False,
                "series": [
                    {
                        "name": _curve_name(found),
                        "values": floats(values[n] for n in kept),
                        "colour": "c1",
                        "fill": "c1",
                    }
                ],
            },
            {
                "height": 120,
                "percent": True,
                "series": [
                    {
                        "name": "Drawdown",
                        "values": floats(fell[n] for n in kept),
                        "colour": "loss",
                        "fill": "loss",
                    }
                ],
            },
        ],
    }


def curve_table(found: Performance) -> SafeString:
    """Month ends as a table: day, equity, P&L of the month, drawdown."""
    currency = found.scope.currency
    fell = returns.drawdown_series(returns.index(found.days))
    rows = []
    pnl = Decimal(0)
    for n, one in enumerate(found.days):
        pnl += one.pnl
        last = n + 1 == len(found.days)
        if last or found.days[n + 1].day.month != one.day.month:
            rows.append(
                (
                    f"{one.day:%-d %b %Y}",
                    amount(one.equity, currency),
                    change(pnl, currency),
                    percentage(fell[n] * HUNDRED),
                )
            )
            pnl = Decimal(0)
    body = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="n">{}</td><td class="n">{}</td>'
        '<td class="n">{}</td></tr>',
        reversed(rows),
    )
    return format_html(
        '<table><caption class="vh">Equity at month ends</caption><thead><tr>'
        '<th scope="col">Day</th><th scope="col" class="n">Equity</th>'
        '<th scope="col" class="n">P&amp;L of the month</th>'
        '<th scope="col" class="n">Drawdown</th></tr></thead><tbody>{}</tbody></table>',
        body,
    )


@dataclass(frozen=True)
class Cell:
    """A month in the heat table: its text and its bucket class."""

    css: str
    shown: str


def deepest(found: Performance, most: int = 5) -> list[dict[str, str]]:
    """The worst spells below a peak, deepest first."""
    spells = sorted(returns.drawdowns(found.days), key=lambda one: one.depth)
    return [
        {
            "depth": percentage(one.depth * HUNDRED),
            "span": f"{one.peak:%-d %b %Y}" if one.peak else "from the start",
            "state": f"{one.days} d"
            if one.recovered
            else f"{one.days} d, not recovered",
        }
        for one in spells[:most]
    ]


def trip_lines(found: Performance) -> list[tuple[str, str]]:
    """What the closed round trips came to."""
    measured, currency = found.measured, found.scope.currency
    nets = [one.net for one in measured.trips]
    named = measured.metrics
    return [
        ("Closed", f"{len(nets)}"),
        ("Won, lost", f"{measured.wins}, {measured.losses}"),
        ("Best", change(max(nets, default=None), currency)),
        ("Worst", change(min(nets, default=None), currency)),
        ("Payoff ratio", metric_value(named["payoff"])),
        ("Expectancy", metric_value(named["expectancy"], currency)),
    ]


def month_rows(days: Sequence[Day]) -> list[tuple[int, list[Cell], Cell]]:
    """(year, twelve cells, the year's cell), newest year first."""
    months = {(one.year, one.month): one for one in returns.monthly(days)}
    years = returns.yearly(days)
    return [
        (
            one.year,
            [_cell(months.get((one.year, number))) for number in range(1, 13)],
            _cell(one),
        )
        for one in reversed(years)
    ]


def _cell(month: Month | None) -> Cell:
    if month is None or month.value is None:
        return Cell("z", MISSING)
    value = month.value * HUNDRED
    shown = grouped(value, 1)
    if shown == "0.0":
        return Cell("z", shown)
    size = 1 if abs(value) < 1 else 2 if abs(value) < 3 else 3
    return Cell(
        f"{'p' if value > 0 else 'n'}{size}", shown if value < 0 else f"+{shown}"
    )


def part_rows(parts: Sequence[Part], currency: str) -> list[dict[str, str | int]]:
    result: list[dict[str, str | int]] = []
    for one in parts:
        named = one.measured.metrics
        total = named["total_return"].value
        result.append(
            {
                "name": one.name,
                "return": percentage(
                    None if total is None else total * HUNDRED, plus=True
                ),
                "arrow": arrow(total),
                "tone": tone(total),
                "pnl": change(one.pnl, currency),
                "pnl_tone": tone(one.pnl),
                "sharpe": metric_value(named["sharpe"]),
                "drawdown": metric_value(named["max_drawdown"]),
                "win_rate": metric_value(named["win_rate"]),
                "profit_factor": metric_value(named["profit_factor"]),
                "trips": len(one.measured.trips),
            }
        )
    return result


def provenance(found: Performance) -> str:
    """From how many facts: "5,060 fills, 52 transfers and 4,086 prices"."""
    inputs = found.inputs
    return (
        f"{inputs.fills:,} fills, {inputs.transfers:,} transfers "
        f"and {inputs.prices:,} prices"
    )


def warnings(found: Performance) -> list[str]:
    words: Mapping[str, str] = {
        "equity_non_positive": "{} days without capital have no return",
        "no_price": "{} days hold something that has no price: it is left out",
        "implied_funding": "nothing was ever paid in: the cash that fills lacked counts as paid in",
    }
    return [words[name].format(count) for name, count in found.warnings.items()]


# --- a metric worked out ---------------------------------------------------------------


def worked(found: Performance, name: str) -> list[tuple[str, str]]:
    """(step, number) that lead to the metric, from the same series."""
    measured, currency = found.measured, found.scope.currency
    unit = FORMULAS[name].inputs
    if unit == "closed round trips":
        return _worked_trips(measured, currency)
    if name == "simple_return":
        return _worked_simple(found)
    return _worked_days(found, name)


def _worked_days(found: Performance, name: str) -> list[tuple[str, str]]:
    measured = found.measured
    r = floats(returns.returns(found.days))
    steps = [("days", str(len(found.days)))]
    if found.days:
        level = returns.index(found.days)[-1]
        steps.append(("index at the end (from 1)", grouped(level, 8)))
        calendar = (found.days[-1].day - found.days[0].day).days + 1
        steps.append(("calendar days", str(calendar)))
    if len(r) > 1 and name in {"sharpe", "sortino", "volatility"}:
        steps.append(("mean(r)", _fraction(lambda: stats.mean(r))))
        steps.append(("std(r), ddof = 1", _fraction(lambda: stats.deviation(r))))
        downside = _fraction(lambda: stats.downside_risk(r, measured.ppy))
        steps.append(("downside risk a year", downside))
        steps.append(("periods per year", str(measured.ppy)))
    if measured.worst is not None and name in {"max_drawdown", "calmar"}:
        steps += _worked_fall(measured.worst, found.scope.currency)
    return steps


def _worked_fall(worst: Drawdown, currency: str) -> list[tuple[str, str]]:
    ended = f"{worst.recovered:%-d %b %Y}" if worst.recovered else "not yet"
    peak = f"{worst.peak:%-d %b %Y}" if worst.peak else "the start"
    return [
        ("peak", peak),
        ("trough", f"{worst.trough:%-d %b %Y}"),
        ("recovered", ended),
        ("days", str(worst.days)),
        ("P&L from peak to trough", amount(worst.money, currency)),
        ("depth", percentage(worst.depth * HUNDRED, places=6)),
    ]


def _worked_simple(found: Performance) -> list[tuple[str, str]]:
    if not found.days:
        return []
    currency = found.scope.currency
    whole = returns.joined(found.days)
    return [
        ("P&L", amount(found.measured.pnl, currency)),
        ("equity at the start + inflows", amount(whole.base, currency)),
    ]


def _worked_trips(measured: Measured, currency: str) -> list[tuple[str, str]]:
    won = [one.net for one in measured.trips if one.result > 0]
    lost = [one.net for one in measured.trips if one.result < 0]
    zero = Decimal(0)
    return [
        ("closed round trips", str(len(measured.trips))),
        ("won", f"{len(won)}, together {amount(sum(won, zero), currency)}"),
        ("lost", f"{len(lost)}, together {amount(sum(lost, zero), currency)}"),
        ("even", str(len(measured.trips) - len(won) - len(lost))),
    ]


def _fraction(compute: Callable[[], Any]) -> str:
    try:
        return grouped(stats.exact_text(compute()), 10)
    except Undefined as undefined:
        return REASONS.get(undefined.reason, undefined.reason)
