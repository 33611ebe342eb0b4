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
}
