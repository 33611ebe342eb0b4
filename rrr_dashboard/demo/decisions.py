"""What the demo's models say before they trade, and the checks that let them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from rrr_dashboard.demo.market import Market, money
from trades.domain.facts import NewDecision


@dataclass(frozen=True)
class Model:
    """A model behind a strategy: how it speaks, and since which day which version."""

    strategy: str
    name: str
    versions: tuple[tuple[int, str], ...]
    horizon: int
    opening: str
    closing: str

    def version(self, day: int) -> str:
        return [text for since, text in self.versions if day >= since][-1]


MODELS = {
    model.strategy: model
    for model in (
        Model(
            strategy="momentum-4h",
            name="trend-net",
            versions=((0, "2.1.0"), (260, "2.2.0"), (540, "2.3.1")),
            horizon=4 * 3600,
            opening="The ten-day move and the volume behind it point the same way; "
            "the entry waits for a pause in the hourly bars.",
            closing="The move has lost its volume; what was earned is taken.",
        ),
        Model(
            strategy="meanrev-1h",
            name="revert-gbm",
            versions=((0, "1.6.2"), (310, "1.8.0")),
            horizon=3600,
            opening="The price stands far from its hourly mean without news that "
            "explains it; a return is likelier than a continuation.",
            closing="The distance to the mean is closed, or it took too long.",
        ),
        Model(
            strategy="basis-carry",
            name="carry-rules",
            versions=((0, "1.1.4"),),
            horizon=8 * 3600,
            opening="Financing pays more than the position is expected to move "
            "against it.",
            closing="Financing no longer pays for the risk.",
        ),
        Model(
            strategy="sentiment",
            name="news-llm",
            versions=((0, "0.7.0"), (400, "0.9.2")),
            horizon=24 * 3600,
            opening="The tone of the last day's reports moved away from the price, "
            "and several independent sources agree.",
            closing="The tone is back where the price is.",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """A decision to be told: by which model, when, which way, how sure (thousandths)."""

    name: str
    symbol: str
    strategy: str
    day: int
    seconds: int
    long: bool
    opening: bool
    size: int
    confidence: int


def decision(call: Call, market: Market) -> NewDecision:
    """The call as a model's decision, with what it looked at."""
    model = MODELS[call.strategy]
    cents = market.cents(call.symbol, call.day, call.seconds)
    week, month = (_move(market, call, cents, days) for days in (7, 30))
    features = {
        "price": str(money(cents)),
        "move_7d_percent": str(week),
        "move_30d_percent": str(month),
        "size_percent": str(Decimal(call.size).scaleb(-1)),
        "spread_bp": str(_spread(call)),
    }
    lines = "\n".join(f"{key}={value}" for key, value in features.items())
    aim = cents * (1000 + (35 if call.long else -35)) // 1000
    reasoning = model.opening if call.opening else model.closing
    return NewDecision(
        external_id=call.name,
        model=model.name,
        model_version=model.version(call.day),
        strategy=call.strategy,
        symbol=call.symbol,
        direction=("long" if call.long else "short") if call.opening else "flat",
        decided_at=market.at(call.day, call.seconds),
        confidence=Decimal(call.confidence).scaleb(-3),
        price_target=money(aim) if call.opening else None,
        horizon=model.horizon,
        features=features,
        inputs_digest=hashlib.sha256(lines.encode()).hexdigest(),
        reasoning=f"{reasoning} Seven days {week:+} %, thirty days {month:+} %.",
        risk_checks=_checks(call),
    )


def _move(market: Market, call: Call, cents: int, days: int) -> Decimal:
    """The move of the last days, in percent with two decimals."""
    then = market.paths[call.symbol][max(0, call.day - days)]
    return Decimal((cents - then) * 10_000 // then).scaleb(-2)


def _spread(call: Call) -> Decimal:
    return Decimal(8 + call.confidence % 23).scaleb(-1)


def _checks(call: Call) -> list[dict[str, object]]:
    checks = [
        ("mark is fresh", f"{1 + call.confidence % 9} s", "60 s"),
        ("spread", f"{_spread(call)} bp", "5 bp"),
    ]
    if call.opening:
        checks += [
            ("position of capital", f"{Decimal(call.size).scaleb(-1)} %", "20 %"),
            ("confidence", f"{Decimal(call.confidence).scaleb(-3)}", "0.5"),
        ]
    return [
        {"name": name, "passed": True, "value": value, "limit": limit}
        for name, value, limit in checks
    ]
