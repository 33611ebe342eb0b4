"""How much of the equity was held: the chart of its days, and month ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.charts import Line, timeline
from kernel.display import percent
from kernel.drawing import Drawn
from kernel.scales import percent_label
from portfolio.domain.exposure import HeldDay
from portfolio.domain.valuation import HUNDRED
from portfolio.queries.performance import Performance


@dataclass(frozen=True, kw_only=True)
class ExposureChart:
    """The drawing, and the numbers at month ends."""

    chart: Drawn
    table: SafeString


def exposure_chart(performance: Performance) -> ExposureChart | None:
    """None of a slice, which has no equity of its own, and while it is recomputed."""
    held = performance.held
    if performance.selection.sliced or not held:
        return None
    if any(day.gross is None for day in held):
        return None
    gross = [day.gross_share for day in held]
    net = [day.net_share for day in held]
    chart = timeline(
        [day.day for day in held],
        [Line(gross, "main"), Line(net, "index")],
        name="exposure",
        title="Gross and net exposure, as parts of equity",
        description=f"Gross now {_share(gross[-1])}, at most {_share(_most(gross))}; "
        f"net now {_share(net[-1])}. The table holds the month ends.",
        label=percent_label,
    )
    return ExposureChart(chart=chart, table=_table(held))


def _most(shares: Sequence[Decimal | None]) -> Decimal | None:
    return max((share for share in shares if share is not None), default=None)


def _share(share: Decimal | None) -> str:
    return percent(None if share is None else share * HUNDRED, places=1)


def _table(held: Sequence[HeldDay]) -> SafeString:
    ends = [
        day
        for n, day in enumerate(held)
        if n + 1 == len(held) or held[n + 1].day.month != day.day.month
    ]
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="number">{}</td><td class="number">{}</td></tr>',
        (
            (f"{day.day:%-d %b %Y}", _share(day.gross_share), _share(day.net_share))
            for day in reversed(ends)
        ),
    )
    return format_html(
        '<table><caption class="visually-hidden">Exposure at month ends</caption><thead><tr>'
        '<th scope="col">Day</th><th scope="col" class="number">Gross</th>'
        '<th scope="col" class="number">Net</th></tr></thead><tbody>{}</tbody></table>',
        rows,
    )
