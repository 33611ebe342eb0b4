"""Answers of the API: their JSON, and their description for /openapi.json.

Money, quantities and percentages are strings; a percentage is x 100, a metric's
value a fraction. What cannot be known is null, and `reasons` says why.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kernel.numbers import rounded, text
from portfolio.domain.metrics import Metric
from portfolio.domain.returns import Drawdown, Month
from portfolio.domain.valuation import HUNDRED
from portfolio.queries.holdings import Holdings, OpenLot, PositionRow
from portfolio.queries.performance import Inputs, Part, Performance
from portfolio.queries.summary import Portfolio

MISSING = {
    "total_equity": "equity",
    "unrealized_pnl": "unrealised",
    "day_pnl": "day",
}
Json = dict[str, Any]


def money(value: Decimal | None) -> str | None:
    """At most 18 decimals, plain."""
    return None if value is None else text(rounded(value))


def portfolio_json(found: Portfolio) -> Json:
    reasons = {
        name: found.reasons[key]
        for name, key in MISSING.items()
        if key in found.reasons
    }
    reasons["open_orders"] = "not_tracked"
    if found.total_pnl_percent is None:
        reasons.setdefault(
            "total_pnl_percent", reasons.get("total_equity", "no_capital")
        )
    answer: Json = {
        "total_equity": money(found.equity),
        "cash_balance": money(found.cash_balance),
        "invested": money(found.invested),
        "total_pnl": money(found.total_pnl),
        "total_pnl_percent": money(found.total_pnl_percent),
        "day_pnl": money(found.day_pnl),
        "day_pnl_percent": money(found.day_pnl_percent),
        "realized_pnl": money(found.realised),
        "unrealized_pnl": money(found.unrealised),
        "income": money(found.income),
        "fees": money(found.fees),
        "positions_count": len(found.positions),
        "open_orders": None,
        "base_currency": found.currency or None,
        "reasons": reasons,
        "incomplete": dict(found.incomplete),
        "timestamp": found.now,
    }
    if found.scope.mixed:
        answer["by_currency"] = [
            {"currency": row.currency, "total_equity": money(row.total_equity)}
            for row in found.by_currency
        ]
    return answer


def position_json(row: PositionRow) -> Json:
    valued, holding = row.valued, row.valued.holding
    age = valued.price_age
    return {
        "id": str(row.id),
        "book": row.book,
        "symbol": row.symbol,
        "side": holding.side,
        "size": text(holding.quantity),
        "entry_price": money(holding.entry_price),
        "cost": money(holding.cost),
        "current_price": None if valued.mark is None else text(valued.mark.price),
        "price_source": None if valued.mark is None else valued.mark.source,
        "price_age_seconds": None if age is None else int(age.total_seconds()),
        "market_value": money(valued.market_value),
        "currency": holding.quote,
        "weight": money(row.weight),
        "unrealized_pnl": money(valued.unrealised),
        "unrealized_pnl_percent": money(valued.unrealised_percent),
        "strategies": [name or "unassigned" for name in row.strategies],
        "opened_at": row.opened_at,
        "reason": valued.reason or None,
    }


def lot_json(lot: OpenLot) -> Json:
    fill = lot.fill
    return {
        "id": f"L-{lot.pk}",
        "book": lot.book.name,
        "symbol": lot.instrument.symbol,
        "side": "long" if lot.long else "short",
        "opened_at": lot.opened_at,
        "strategy": lot.strategy or "unassigned",
        "quantity": text(lot.quantity),
        "remaining_quantity": text(lot.remaining_quantity),
        "remaining_amount": text(lot.remaining_amount),
        "remaining_fee": text(lot.remaining_fee),
        "trade_id": None if fill is None else str(fill.pk),
        "trade_external_id": None if fill is None else fill.external_id,
        "transfer_external_id": None
        if lot.transfer is None
        else lot.transfer.external_id,
        "reason": lot.reason or None,
    }


def allocation_json(found: Holdings) -> list[Json]:
    equity = found.equity
    rows: list[Json] = [
        {
            "name": row.symbol,
            "kind": "position",
            "asset_class": row.instrument.asset_class or None,
            "market_value": money(row.value),
            "weight": money(row.weight),
        }
        for row in found.positions
    ]
    rows += [
        {
            "name": one.currency,
            "kind": "cash",
            "asset_class": None,
            "market_value": money(one.value),
            "weight": money(
                one.value / equity * HUNDRED
                if equity and one.value is not None
                else None
            ),
        }
        for one in found.cash
        if one.amount
    ]
    return rows


# --- performance ---------------------------------------------------------------------


def metric_json(metric: Metric) -> Json:
    answer: Json = {
        "value": money(metric.value),
        "reason": metric.reason or None,
        "formula": metric.formula,
        "n": metric.n,
    }
    if metric.between is not None:
        answer["interval_95"] = [money(bound) for bound in metric.between]
    return answer


def inputs_json(inputs: Inputs) -> Json:
    return {
        "rows": inputs.rows,
        "fills": inputs.fills,
        "transfers": inputs.transfers,
        "prices": inputs.prices,
        "sha256": inputs.sha256,
    }


def _hundred(metric: Metric) -> str | None:
    return None if metric.value is None else money(metric.value * HUNDRED)


def _plain(metric: Metric) -> str | None:
    return money(metric.value)


def performance_json(found: Performance, now: datetime) -> Json:
    measured, named = found.measured, found.measured.metrics
    known = bool(found.days)
    fell = named["max_drawdown"].value
    return {
        "period": found.chosen.period.name,
        "base_currency": found.scope.currency or None,
        "total_return": money(measured.pnl) if known else None,
        "total_return_percent": _hundred(named["total_return"]),
        "sharpe_ratio": _plain(named["sharpe"]),
        "sortino_ratio": _plain(named["sortino"]),
        "max_drawdown": None
        if fell is None
        else money(measured.worst.money if measured.worst else Decimal(0)),
        "max_drawdown_percent": _hundred(named["max_drawdown"]),
        "win_rate": _plain(named["win_rate"]),
        "profit_factor": _plain(named["profit_factor"]),
        "total_trades": len(measured.trips),
        "winning_trades": measured.wins,
        "losing_trades": measured.losses,
        "periods_per_year": measured.ppy,
        "reason": found.reason or ("recomputing" if found.recomputing else None),
        "warnings": found.warnings,
        "metrics": {name: metric_json(one) for name, one in named.items()},
        "inputs": inputs_json(found.inputs),
        "as_of": found.as_of,
        "timestamp": now,
    }


def month_json(month: Month) -> Json:
    return {
        "year": month.year,
        "month": month.month or None,
        "return_percent": None if month.value is None else money(month.value * HUNDRED),
        "pnl": money(month.pnl),
    }


def drawdown_json(spell: Drawdown) -> Json:
    return {
        "peak": spell.peak,
        "trough": spell.trough,
        "recovered": spell.recovered,
        "depth_percent": money(spell.depth * HUNDRED),
        "money": money(spell.money),
        "days": spell.days,
    }


def part_json(part: Part, name: str) -> Json:
    measured = part.measured
    return {
        name: part.name,
        "pnl": money(part.pnl),
        "return_percent": _hundred(measured.metrics["total_return"]),
        "sharpe_ratio": _plain(measured.metrics["sharpe"]),
        "max_drawdown_percent": _hundred(measured.metrics["max_drawdown"]),
        "win_rate": _plain(measured.metrics["win_rate"]),
        "profit_factor": _plain(measured.metrics["profit_factor"]),
        "total_trades": len(measured.trips),
        "metrics": {key: metric_json(one) for key, one in measured.metrics.items()},
    }


# --- descriptions ----------------------------------------------------------------------

Money = serializers.CharField


def as_of_field() -> serializers.DateTimeField:
    return serializers.DateTimeField(
        allow_null=True,
        help_text="for when the stored days hold; before timestamp: being recomputed",
    )


class PortfolioSerializer(serializers.Serializer[Any]):
    total_equity = Money(allow_null=True)
    cash_balance = Money(allow_null=True)
    invested = Money(allow_null=True, help_text="market value held, shorts negative")
    total_pnl = Money(allow_null=True)
    total_pnl_percent = Money(allow_null=True, help_text="of what was paid in")
    day_pnl = Money(allow_null=True)
    day_pnl_percent = Money(allow_null=True)
    realized_pnl = Money(allow_null=True, help_text="net of fees")
    unrealized_pnl = Money(allow_null=True, help_text="net of entry fees")
    income = Money(allow_null=True, help_text="dividends, interest, funding − costs")
    fees = Money(allow_null=True)
    positions_count = serializers.IntegerField()
    open_orders = serializers.IntegerField(allow_null=True)
    base_currency = serializers.CharField(allow_null=True)
    reasons = serializers.DictField(child=serializers.CharField())
    incomplete = serializers.DictField(child=serializers.IntegerField())
    by_currency = serializers.ListField(child=serializers.DictField(), required=False)
    timestamp = serializers.DateTimeField()


class PositionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    book = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(["long", "short", "flat"])
    size = Money()
    entry_price = Money(allow_null=True)
    cost = Money(allow_null=True)
    current_price = Money(allow_null=True)
    price_source = serializers.CharField(allow_null=True)
    price_age_seconds = serializers.IntegerField(allow_null=True)
    market_value = Money(allow_null=True)
    currency = serializers.CharField()
    weight = Money(allow_null=True, help_text="percent of total equity")
    unrealized_pnl = Money(allow_null=True)
    unrealized_pnl_percent = Money(allow_null=True)
    strategies = serializers.ListField(child=serializers.CharField())
    opened_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_null=True)


class PositionListSerializer(serializers.Serializer[Any]):
    positions = PositionSerializer(many=True)
    total_count = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class LotSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    book = serializers.CharField()
    symbol = serializers.CharField()
    side = serializers.ChoiceField(["long", "short"])
    opened_at = serializers.DateTimeField()
    strategy = serializers.CharField()
    quantity = Money()
    remaining_quantity = Money()
    remaining_amount = Money()
    remaining_fee = Money()
    trade_id = serializers.CharField(allow_null=True)
    trade_external_id = serializers.CharField(allow_null=True)
    transfer_external_id = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)


class LotListSerializer(serializers.Serializer[Any]):
    lots = LotSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)
    timestamp = serializers.DateTimeField()


class AllocationRowSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(["position", "cash"])
    asset_class = serializers.CharField(allow_null=True)
    market_value = Money(allow_null=True)
    weight = Money(allow_null=True)


class AllocationSerializer(serializers.Serializer[Any]):
    allocation = AllocationRowSerializer(many=True)
    base_currency = serializers.CharField(allow_null=True)
    timestamp = serializers.DateTimeField()


class MetricSerializer(serializers.Serializer[Any]):
    value = Money(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    formula = serializers.CharField()
    n = serializers.IntegerField()
    interval_95 = serializers.ListField(child=Money(), required=False)


class InputsSerializer(serializers.Serializer[Any]):
    rows = serializers.IntegerField()
    fills = serializers.IntegerField()
    transfers = serializers.IntegerField()
    prices = serializers.IntegerField()
    sha256 = serializers.CharField()


class PerformanceSerializer(serializers.Serializer[Any]):
    period = serializers.CharField()
    base_currency = serializers.CharField(allow_null=True)
    total_return = Money(allow_null=True, help_text="money")
    total_return_percent = Money(allow_null=True, help_text="time-weighted, x 100")
    sharpe_ratio = Money(allow_null=True)
    sortino_ratio = Money(allow_null=True)
    max_drawdown = Money(allow_null=True, help_text="money, peak to trough")
    max_drawdown_percent = Money(allow_null=True)
    win_rate = Money(allow_null=True, help_text="fraction of closed round trips")
    profit_factor = Money(allow_null=True)
    total_trades = serializers.IntegerField(help_text="closed round trips")
    winning_trades = serializers.IntegerField()
    losing_trades = serializers.IntegerField()
    periods_per_year = serializers.IntegerField()
    reason = serializers.CharField(allow_null=True)
    warnings = serializers.DictField(child=serializers.IntegerField())
    metrics = serializers.DictField(child=MetricSerializer())
    inputs = InputsSerializer()
    as_of = as_of_field()
    timestamp = serializers.DateTimeField()


class CurvePointSerializer(serializers.Serializer[Any]):
    timestamp = serializers.DateTimeField()
    equity = Money()


class CurveSerializer(serializers.Serializer[Any]):
    period = serializers.CharField()
    interval = serializers.CharField()
    data = CurvePointSerializer(many=True)  # type: ignore[assignment]
    initial_equity = Money(allow_null=True)
    current_equity = Money(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    as_of = as_of_field()
    timestamp = serializers.DateTimeField()


class MonthSerializer(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    month = serializers.IntegerField(allow_null=True, help_text="null: the year")
    return_percent = Money(allow_null=True)
    pnl = Money()


class MonthlySerializer(serializers.Serializer[Any]):
    months = MonthSerializer(many=True)
    years = MonthSerializer(many=True)
    as_of = as_of_field()
    timestamp = serializers.DateTimeField()


class DrawdownSerializer(serializers.Serializer[Any]):
    peak = serializers.DateField(allow_null=True, help_text="null: the start")
    trough = serializers.DateField()
    recovered = serializers.DateField(allow_null=True)
    depth_percent = Money()
    money = Money()
    days = serializers.IntegerField()


class DrawdownListSerializer(serializers.Serializer[Any]):
    drawdowns = DrawdownSerializer(many=True)
    as_of = as_of_field()
    timestamp = serializers.DateTimeField()


class PartSerializer(serializers.Serializer[Any]):
    strategy = serializers.CharField(required=False)
    symbol = serializers.CharField(required=False)
    pnl = Money()
    return_percent = Money(allow_null=True)
    sharpe_ratio = Money(allow_null=True)
    max_drawdown_percent = Money(allow_null=True)
    win_rate = Money(allow_null=True)
    profit_factor = Money(allow_null=True)
    total_trades = serializers.IntegerField()
    metrics = serializers.DictField(child=MetricSerializer())


class ByStrategySerializer(serializers.Serializer[Any]):
    strategies = PartSerializer(many=True)
    inputs = InputsSerializer()
    as_of = as_of_field()
    timestamp = serializers.DateTimeField()


class BySymbolSerializer(serializers.Serializer[Any]):
    symbols = PartSerializer(many=True)
    inputs = InputsSerializer()
    as_of = as_of_field()
    timestamp = serializers.DateTimeField()


class StatsSerializer(serializers.Serializer[Any]):
    books = serializers.IntegerField()
    trades = serializers.IntegerField()
    transfers = serializers.IntegerField()
    decisions = serializers.IntegerField()
    open_positions = serializers.IntegerField()
    round_trips = serializers.IntegerField()
    prices = serializers.IntegerField()
    first_trade_at = serializers.DateTimeField(allow_null=True)
    last_trade_at = serializers.DateTimeField(allow_null=True)
    timestamp = serializers.DateTimeField()
