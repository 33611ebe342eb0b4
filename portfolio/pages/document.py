"""Performance as a document to hand on: the tear sheet on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.conf import settings

from kernel.display import amount, change, percent
from kernel.numbers import text_or_none
from kernel.pdf import PdfColumn, PdfDocument, PdfTable, PdfText
from kernel.pdf_chart import PdfChart, PdfLine
from portfolio.answers.holdings import exact
from portfolio.domain import returns
from portfolio.domain.exposure import HeldDay
from portfolio.domain.formulas import FORMULAS
from portfolio.domain.returns import Day
from portfolio.domain.valuation import HUNDRED
from portfolio.pages.curve import benchmark_growth, growth, running_pnl
from portfolio.pages.performance import beside_note, provenance, warnings
from portfolio.pages.shape import extremes
from portfolio.pages.tables import MONTHS, drawdown_spans, month_rows, part_rows
from portfolio.pages.words import implied_note, metric_text, why
from portfolio.queries.parts import Part, by_strategy, by_symbol
from portfolio.queries.performance import Performance

PASSING = ("Made for",)  # facts of the making, not of what is told
METHOD = "Daily time-weighted return, risk-free 0 %."
FIGURES = (
    PdfColumn(title="Figure", share=20),
    PdfColumn(title="Value", share=15, number=True),
    PdfColumn(title="All digits", share=31, number=True),
    PdfColumn(title="From", share=7, number=True),
    PdfColumn(title="Formula", share=14),
)
MONTHLY = (
    PdfColumn(title="Year", share=6),
    *(PdfColumn(title=name, share=6, number=True) for name in MONTHS),
    PdfColumn(title="Year %", share=7, number=True),
)
ENDS = (
    PdfColumn(title="Month end", share=12),
    PdfColumn(title="Equity", share=18, number=True),
    PdfColumn(title="P&L of the month", share=18, number=True),
    PdfColumn(title="Drawdown", share=10, number=True),
    PdfColumn(title="Gross exposure", share=12, number=True),
    PdfColumn(title="Net exposure", share=12, number=True),
)
FALLS = (
    PdfColumn(title="Depth", share=10, number=True),
    PdfColumn(title="Peak", share=14),
    PdfColumn(title="Trough", share=14),
    PdfColumn(title="Recovered", share=14),
    PdfColumn(title="Days", share=8, number=True),
    PdfColumn(title="P&L", share=18, number=True),
)
EXTREMES = (
    PdfColumn(title="Day", share=16),
    PdfColumn(title="Return", share=10, number=True),
    PdfColumn(title="P&L", share=16, number=True),
)


def performance_document(told: Performance, maker: str, at: datetime) -> PdfDocument:
    """`told` is detailed; `maker` is who asked, "" for strangers. No query."""
    return PdfDocument(
        title="Performance",
        verdict=_verdict(told),
        facts=[*_facts(told), ("Made for", f"{maker or 'a reader'}, {_moment(at)}")],
        parts=[
            *_notes(told),
            _figures(told),
            *(_of_days(told) if told.days else ()),
            PdfText(title="Formulas", paragraphs=_formulas(told)),
        ],
        foot=f"Performance {told.selection.period.label} · inputs SHA-256 "
        f"{told.inputs.sha256[:16]}",
        demo=settings.RRR_ENV == "demo" or any(b.demo for b in told.scope.books),
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _verdict(told: Performance) -> str:
    if not told.days:
        return f"No number: {why(told.lacking) or 'nothing to measure in this range'}."
    metrics = told.metric_set.metrics
    gain = change(told.metric_set.pnl, told.scope.currency)
    return (
        f"{gain} net, {metric_text(metrics['total_return'])} time-weighted, "
        f"deepest drawdown {metric_text(metrics['max_drawdown'])}."
    )


def _facts(told: Performance) -> Iterator[tuple[str, str]]:
    chosen, scope = told.selection, told.scope
    first = told.metric_set.first
    days = f", {first:%-d %b %Y} to {chosen.period.last:%-d %b %Y}" if first else ""
    yield "Range", f"{chosen.period.label}{days}"
    yield "Books", ", ".join(book.name for book in scope.books) or "none"
    yield "Strategy", chosen.strategy or "all"
    yield "Symbol", chosen.symbol or "all"
    if chosen.benchmark:
        yield "Benchmark", beside_note(told)
    yield "Currency, days", f"{scope.currency or '–'}, days of {scope.zone}"
    if scope.known_at is not None:
        yield "Known at", _moment(scope.known_at)
    if told.recomputing:
        as_of = f", as of {_moment(told.as_of)}" if told.as_of else ""
        yield "State", f"being recomputed{as_of}"
    yield "Computed from", provenance(told)
    yield "Inputs (SHA-256)", told.inputs.sha256
    yield "Method", METHOD


def _notes(told: Performance) -> Iterator[PdfText]:
    implied = implied_note(told.implied_funding, told.scope.currency)
    said = [*warnings(told), *([implied] if implied else [])]
    if said:
        yield PdfText(title="To know", paragraphs=said)


def _figures(told: Performance) -> PdfTable:
    currency, measured = told.scope.currency, told.metric_set
    pnl = measured.pnl if told.days else None
    rows = [
        ["Net P&L", change(pnl, currency), text_or_none(pnl) or "–", "", "pnl"],
        *(
            [
                metric.title,
                metric_text(metric, currency),
                text_or_none(exact(metric.value)) or why(metric.reason),
                f"{metric.n:,}",
                metric.formula,
            ]
            for metric in measured.metrics.values()
        ),
    ]
    return PdfTable(title="Figures", columns=FIGURES, rows=rows)


def _formulas(told: Performance) -> list[str]:
    return [
        f"{FORMULAS[name].id}: {FORMULAS[name].definition}"
        for name in told.metric_set.metrics
    ]


def _of_days(told: Performance) -> Iterator[PdfChart | PdfTable]:
    currency, days = told.scope.currency, told.days
    yield from _charts(told)
    yield PdfTable(
        title="Monthly returns, %", columns=MONTHLY, rows=list(_months(days))
    )
    yield PdfTable(title="Month ends", columns=ENDS, rows=list(_ends(told)))
    yield PdfTable(
        title="Deepest drawdowns",
        columns=FALLS,
        rows=drawdown_spans(days, currency),
        empty="Never below an earlier peak in this range.",
    )
    for title, rows in extremes(returns.observations(days), currency):
        yield PdfTable(
            title=title,
            columns=EXTREMES,
            rows=[[row["day"], row["return"], row["pnl"]] for row in rows],
        )
    yield _parts("Strategy", by_strategy(told), currency)
    yield _parts("Symbol", by_symbol(told), currency)


def _charts(told: Performance) -> Iterator[PdfChart]:
    days, currency = told.days, told.scope.currency
    levels = returns.index(days)
    dates = [day.day for day in days]
    money = (
        PdfLine(name="P&L so far", values=running_pnl(days))
        if told.selection.sliced
        else PdfLine(name="Equity", values=[day.equity for day in days])
    )
    yield PdfChart(title=f"{money.name}, {currency}", days=dates, lines=[money])
    lines = [PdfLine(name="Return without deposits", values=growth(levels))]
    if beside := benchmark_growth(told):
        lines.append(PdfLine(name=told.benchmark.symbol, values=beside))
    yield PdfChart(title="Return", days=dates, lines=lines, percent=True)
    fallen = PdfLine(name="Below the peak", values=returns.drawdown_series(levels))
    yield PdfChart(title="Drawdown", days=dates, lines=[fallen], percent=True)


def _months(days: Sequence[Day]) -> Iterator[list[str]]:
    for year, cells, whole in month_rows(days):
        yield [str(year), *(cell.shown for cell in cells), whole.shown]


def _ends(told: Performance) -> Iterator[list[str]]:
    """The newest month first."""
    days, currency = told.days, told.scope.currency
    below = returns.drawdown_series(returns.index(days))
    held = {day.day: day for day in told.held}
    rows, pnl = [], Decimal(0)
    for n, day in enumerate(days):
        pnl += day.pnl
        if n + 1 == len(days) or days[n + 1].day.month != day.day.month:
            exposure = held.get(day.day)
            rows.append(
                [
                    f"{day.day:%-d %b %Y}",
                    amount(day.equity, currency),
                    change(pnl, currency),
                    percent(below[n] * HUNDRED),
                    *_shares(None if told.selection.sliced else exposure),
                ]
            )
            pnl = Decimal(0)
    yield from reversed(rows)


def _shares(held: HeldDay | None) -> list[str]:
    shares = (held.gross_share, held.net_share) if held else (None, None)
    return [
        percent(None if share is None else share * HUNDRED, places=1)
        for share in shares
    ]


def _parts(what: str, parts: Sequence[Part], currency: str) -> PdfTable:
    names = ("Return", "Net P&L", "All digits", "Sharpe", "Drawdown", "Won", "Trips")
    shares = (10, 14, 22, 8, 10, 9, 7)
    return PdfTable(
        title=f"By {what.lower()}",
        columns=[
            PdfColumn(title=what, share=16),
            *(
                PdfColumn(title=name, share=share, number=True)
                for name, share in zip(names, shares, strict=True)
            ),
        ],
        rows=[
            [
                str(row["name"]),
                *(str(row[key]) for key in ("return", "pnl", "exact", "sharpe")),
                *(str(row[key]) for key in ("drawdown", "win_rate", "trips")),
            ]
            for row in part_rows(parts, currency)
        ],
        empty="Nothing in this range.",
    )
