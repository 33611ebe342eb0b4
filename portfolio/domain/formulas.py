"""What each metric is, in words and signs: the one list that answers and pages name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """What a metric is: its id (changes when the definition does), its name and
    definition in words and signs, and in what it is counted."""

    id: str
    title: str
    definition: str
    unit: str
    inputs: str


AGAINST = "daily returns and the benchmark’s"

FORMULAS: dict[str, Formula] = {
    "total_return": Formula(
        id="twr/1",
        title="Time-weighted return",
        definition="Π(1 + r) − 1 with r = (V_end + out) / (V_start + in) − 1 for each day",
        unit="fraction",
        inputs="daily returns",
    ),
    "simple_return": Formula(
        id="simple/1",
        title="Simple return",
        definition="P&L / (equity at the range's start + inflows in the range)",
        unit="fraction",
        inputs="P&L and flows",
    ),
    "cagr": Formula(
        id="cagr/1",
        title="Annual growth (CAGR)",
        definition="(1 + time-weighted return)^(365 / calendar days) − 1",
        unit="fraction",
        inputs="daily returns",
    ),
    "volatility": Formula(
        id="volatility/1",
        title="Volatility",
        definition="std(r, ddof = 1) · √ppy",
        unit="fraction",
        inputs="daily returns",
    ),
    "sharpe": Formula(
        id="sharpe/1",
        title="Sharpe ratio",
        definition="mean(r − rf) / std(r − rf, ddof = 1) · √ppy, rf = 0",
        unit="ratio",
        inputs="daily returns",
    ),
    "sortino": Formula(
        id="sortino/1",
        title="Sortino ratio",
        definition="mean(r − mar) · ppy / (√mean(min(r − mar, 0)²) · √ppy), mar = 0",
        unit="ratio",
        inputs="daily returns",
    ),
    "max_drawdown": Formula(
        id="maxdd/1",
        title="Max drawdown",
        definition="min(E / running maximum of E − 1), E = the index of linked returns from 1",
        unit="fraction",
        inputs="daily returns",
    ),
    "calmar": Formula(
        id="calmar/1",
        title="Calmar ratio",
        definition="CAGR / |max drawdown|",
        unit="ratio",
        inputs="daily returns",
    ),
    "win_rate": Formula(
        id="winrate/1",
        title="Win rate",
        definition="won round trips / closed round trips; even ones count as closed",
        unit="fraction",
        inputs="closed round trips",
    ),
    "profit_factor": Formula(
        id="profitfactor/1",
        title="Profit factor",
        definition="Σ won / |Σ lost|, net of fees",
        unit="ratio",
        inputs="closed round trips",
    ),
    "payoff": Formula(
        id="payoff/1",
        title="Payoff ratio",
        definition="average won / |average lost|, net of fees",
        unit="ratio",
        inputs="closed round trips",
    ),
    "expectancy": Formula(
        id="expectancy/1",
        title="Expectancy",
        definition="mean net P&L of a closed round trip",
        unit="money",
        inputs="closed round trips",
    ),
    "money_weighted": Formula(
        id="xirr/1",
        title="Money-weighted return",
        definition="the yearly rate x at which Σ flow · (1 + x)^(−days / 365) = 0: capital at the start and inflows paid in at the start of their day, outflows and the equity at the end taken out at the end of theirs",
        unit="fraction",
        inputs="equity and flows",
    ),
    "omega": Formula(
        id="omega/1",
        title="Omega ratio",
        definition="Σ max(r − threshold, 0) / Σ max(threshold − r, 0), threshold = 0",
        unit="ratio",
        inputs="daily returns",
    ),
    "value_at_risk": Formula(
        id="var95/1",
        title="Value at risk, 95 %",
        definition="the 5th percentile of r (linear between neighbours): on 19 of 20 days r was no worse",
        unit="fraction",
        inputs="daily returns",
    ),
    "expected_shortfall": Formula(
        id="cvar95/1",
        title="Expected shortfall, 95 %",
        definition="mean of the r that are no better than the value at risk (CVaR)",
        unit="fraction",
        inputs="daily returns",
    ),
    "tail_ratio": Formula(
        id="tail/1",
        title="Tail ratio",
        definition="|95th percentile of r| / |5th percentile of r|",
        unit="ratio",
        inputs="daily returns",
    ),
    "stability": Formula(
        id="stability/1",
        title="Stability",
        definition="R² of a straight line through the cumulative sum of log(1 + r)",
        unit="ratio",
        inputs="daily returns",
    ),
    "gross_exposure": Formula(
        id="gross/1",
        title="Gross exposure",
        definition="mean over days of Σ |market value of a position| / equity, both at the day’s end",
        unit="fraction",
        inputs="holdings and equity",
    ),
    "net_exposure": Formula(
        id="net/1",
        title="Net exposure",
        definition="mean over days of Σ market value (shorts are negative) / equity, both at the day’s end",
        unit="fraction",
        inputs="holdings and equity",
    ),
    "benchmark_return": Formula(
        id="benchmark/1",
        title="Benchmark’s return",
        definition="last close / the newest close before the range − 1, in the benchmark’s own currency",
        unit="fraction",
        inputs=AGAINST,
    ),
    "beta": Formula(
        id="beta/1",
        title="Beta",
        definition="Σ(b − mean b)(r − mean r) / Σ(b − mean b)²; r is compounded over days that the benchmark lacks",
        unit="ratio",
        inputs=AGAINST,
    ),
    "alpha": Formula(
        id="alpha/1",
        title="Alpha, a year",
        definition="(1 + mean(r − β · b))^ppy − 1, rf = 0; ppy = 252 where the benchmark has no weekends",
        unit="fraction",
        inputs=AGAINST,
    ),
    "information_ratio": Formula(
        id="information/1",
        title="Information ratio",
        definition="mean(r − b) / std(r − b, ddof = 1) · √ppy; ppy = 252 where the benchmark has no weekends",
        unit="ratio",
        inputs=AGAINST,
    ),
    "up_capture": Formula(
        id="upcapture/1",
        title="Up capture",
        definition="yearly return of r / yearly return of b, of the periods with b > 0",
        unit="ratio",
        inputs=AGAINST,
    ),
    "down_capture": Formula(
        id="downcapture/1",
        title="Down capture",
        definition="yearly return of r / yearly return of b, of the periods with b < 0",
        unit="ratio",
        inputs=AGAINST,
    ),
}
