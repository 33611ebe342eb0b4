"""How trades and books look to clients: shapes for the schema, and their builders.

What comes in is read by trades.domain.facts, as rows of files are; the input
serializers here describe the same fields for /openapi.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kernel.numbers import text, text_or_none
from trades.domain.lots import MatchKind
from trades.domain.reading import TRANSFER_KINDS
from trades.models import (
    BalanceStatement,
    Book,
    Decision,
    Fill,
    Lot,
    Match,
    Transfer,
)
from trades.queries.trades import TradeDetail
from trades.services.previewing import Preview

Json = dict[str, object]


class Exact(serializers.CharField):
    """A decimal as text in plain notation, at most 20 + 18 digits."""


class TradeSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    external_id = serializers.CharField()
    book = serializers.CharField()
    timestamp = serializers.DateTimeField()
    symbol = serializers.CharField()
    event_type = serializers.CharField(help_text="always fill")
    side = serializers.ChoiceField(choices=("buy", "sell"))
    quantity = Exact()
    price = Exact()
    total_value = Exact(help_text="quantity x price, rounded once at booking")
    fee = Exact()
    fee_currency = serializers.CharField()
    fee_value = Exact(allow_null=True, help_text="in the quote currency; null: no rate")
    status = serializers.ChoiceField(choices=Fill.Status.choices)
    order_id = serializers.CharField()
    order_type = serializers.CharField()
    liquidity = serializers.CharField()
    strategy = serializers.CharField()
    decision_id = serializers.CharField(allow_null=True)
    note = serializers.CharField()
    realized_pnl = Exact(allow_null=True, help_text="null where it closed nothing")


class TradeListSerializer(serializers.Serializer[Any]):
    trades = TradeSerializer(many=True)
    limit = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)
    prev_cursor = serializers.CharField(allow_null=True)
    timestamp = serializers.DateTimeField()


class NewTradeSerializer(serializers.Serializer[Any]):
    book = serializers.CharField(required=False, help_text="id or name; your only one")
    external_id = serializers.CharField()
    symbol = serializers.CharField(help_text="BASE-QUOTE, or quoted in the book's base")
    side = serializers.ChoiceField(choices=("buy", "sell"))
    quantity = Exact()
    price = Exact()
    fee = Exact(required=False)
    fee_currency = serializers.CharField(required=False, help_text="default: the quote")
    executed_at = serializers.DateTimeField(help_text="with an offset")
    order_id = serializers.CharField(required=False)
    order_type = serializers.CharField(required=False)
    liquidity = serializers.ChoiceField(choices=("maker", "taker"), required=False)
    strategy = serializers.CharField(required=False)
    decision_id = serializers.CharField(required=False)
    note = serializers.CharField(required=False)


class NewTradesSerializer(serializers.Serializer[Any]):
    trades = NewTradeSerializer(many=True, help_text="1 to 1,000")


class TradeLotSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    side = serializers.ChoiceField(choices=("long", "short"))
    opened_at = serializers.DateTimeField()
    quantity = Exact()
    remaining = Exact()
    cost = Exact(allow_null=True)
    fee = Exact()
    reason = serializers.CharField()


class MatchSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[kind.value for kind in MatchKind])
    lot = serializers.CharField(allow_null=True)
    opened_by = serializers.CharField(allow_null=True, help_text="trade id")
    closed_by = serializers.CharField(allow_null=True, help_text="trade id")
    quantity = Exact()
    cost = Exact(allow_null=True)
    proceeds = Exact()
    fee = Exact()
    realized_pnl = Exact(allow_null=True)
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class DecisionSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    external_id = serializers.CharField()
    model = serializers.CharField()
    model_version = serializers.CharField()
    symbol = serializers.CharField()
    direction = serializers.CharField()
    confidence = Exact(allow_null=True)
    price_target = Exact(allow_null=True)
    horizon_seconds = serializers.IntegerField(allow_null=True)
    features = serializers.DictField()
    inputs_digest = serializers.CharField()
    reasoning = serializers.CharField()
    risk_checks = serializers.ListField()
    decided_at = serializers.DateTimeField()


class TradeDetailSerializer(TradeSerializer):
    decision = DecisionSerializer(allow_null=True)
    gross_pnl = Exact(allow_null=True)
    matched_fees = Exact()
    lots = TradeLotSerializer(many=True)
    matches = MatchSerializer(many=True)
    taken = MatchSerializer(many=True)
    audit = serializers.ListField(help_text="seq, at, kind, actor, object")


class BookSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    owner = serializers.CharField()
    base_currency = serializers.CharField()
    method = serializers.ChoiceField(choices=Book.Method.choices)
    zone = serializers.CharField()
    periods_per_year = serializers.IntegerField()
    allow_short = serializers.BooleanField()
    revision = serializers.IntegerField()


class BookListSerializer(serializers.Serializer[Any]):
    books = BookSerializer(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class NewBookSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    base_currency = serializers.CharField()
    zone = serializers.CharField(required=False)
    periods_per_year = serializers.IntegerField(required=False, help_text="252 or 365")
    allow_short = serializers.BooleanField(required=False)
    method = serializers.CharField(required=False, help_text="fifo")


class TransferSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(read_only=True)
    book = serializers.CharField(required=False)
    external_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=TRANSFER_KINDS)
    asset = serializers.CharField()
    amount = Exact(help_text="signed")
    cost = Exact(required=False, allow_null=True)
    at = serializers.DateTimeField()
    symbol = serializers.CharField(required=False)
    strategy = serializers.CharField(required=False)
    note = serializers.CharField(required=False)


class PriceSerializer(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    at = serializers.DateTimeField()
    price = Exact()
    source = serializers.CharField(required=False)  # type: ignore[assignment]


class PricesSerializer(serializers.Serializer[Any]):
    prices = PriceSerializer(many=True, help_text="1 to 1,000")


class PricesStoredSerializer(serializers.Serializer[Any]):
    prices = serializers.IntegerField(help_text="how many were new")


class BalanceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(read_only=True)
    book = serializers.CharField(required=False)
    asset = serializers.CharField()
    amount = Exact()
    at = serializers.DateTimeField()


class ImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    book = serializers.CharField()
    base = serializers.CharField(required=False)
    zone = serializers.CharField(required=False)
    format = serializers.CharField(required=False)
    dry_run = serializers.BooleanField(required=False)


class ImportedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(allow_null=True)
    book = serializers.CharField()
    format = serializers.CharField()
    sha256 = serializers.CharField()
    new = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    broken = serializers.ListField()
    rounded_rows = serializers.IntegerField()
    largest_rounding = Exact()
    stated = serializers.DictField()
    recomputed = serializers.DictField()


def trade(fill: Fill, realised: Decimal | None) -> Json:
    """A trade as GET and POST show it; book and instrument are loaded."""
    return {
        "id": str(fill.pk),
        "external_id": fill.external_id,
        "book": fill.book.name,
        "timestamp": fill.executed_at,
        "symbol": fill.instrument.symbol,
        "event_type": "fill",
        "side": fill.side,
        "quantity": text(fill.quantity),
        "price": text(fill.price),
        "total_value": text(fill.amount),
        "fee": text(fill.fee),
        "fee_currency": fill.fee_currency,
        "fee_value": text_or_none(fill.fee_value),
        "status": fill.status,
        "order_id": fill.order_id,
        "order_type": fill.order_type,
        "liquidity": fill.liquidity,
        "strategy": fill.strategy,
        "decision_id": str(fill.decision_id) if fill.decision_id else None,
        "note": fill.note,
        "realized_pnl": text_or_none(realised),
    }


def trade_detail(found: TradeDetail, events: list[Json]) -> Json:
    return {
        **trade(found.fill, found.realised),
        "gross_pnl": text_or_none(found.gross),
        "matched_fees": text(found.matched_fees),
        "decision": decision(found.decision) if found.decision else None,
        "lots": [lot(row) for row in found.lots],
        "matches": [match(row) for row in found.closed],
        "taken": [match(row) for row in found.taken],
        "audit": events,
    }


def lot(row: Lot) -> Json:
    known = row.reason != "missing_cost"
    return {
        "id": str(row.pk),
        "side": "long" if row.long else "short",
        "opened_at": row.opened_at,
        "quantity": text(row.quantity),
        "remaining": text(row.remaining_quantity),
        "cost": text(row.amount) if known else None,
        "fee": text(row.fee),
        "reason": row.reason,
    }


def match(row: Match) -> Json:
    return {
        "kind": row.kind,
        "lot": str(row.lot_id) if row.lot_id else None,
        "opened_by": str(row.lot.fill_id) if row.lot and row.lot.fill_id else None,
        "closed_by": str(row.fill_id) if row.fill_id else None,
        "quantity": text(row.quantity),
        "cost": text_or_none(row.cost),
        "proceeds": text(row.proceeds),
        "fee": text(row.fee),
        "realized_pnl": text_or_none(row.realised),
        "at": row.at,
        "reason": row.reason,
    }


def decision(row: Decision) -> Json:
    return {
        "id": str(row.pk),
        "external_id": row.external_id,
        "model": row.model,
        "model_version": row.model_version,
        "symbol": row.symbol,
        "direction": row.direction,
        "confidence": text_or_none(row.confidence),
        "price_target": text_or_none(row.price_target),
        "horizon_seconds": row.horizon,
        "features": row.features,
        "inputs_digest": row.inputs_digest,
        "reasoning": row.reasoning,
        "risk_checks": row.risk_checks,
        "decided_at": row.decided_at,
    }


def book(row: Book) -> Json:
    """A book; its owner is loaded."""
    return {
        "id": str(row.pk),
        "name": row.name,
        "owner": row.owner.username,
        "base_currency": row.base_currency,
        "method": row.method,
        "zone": row.zone,
        "periods_per_year": row.periods_per_year,
        "allow_short": row.allow_short,
        "revision": row.revision,
    }


def transfer(row: Transfer) -> Json:
    return {
        "id": str(row.pk),
        "book": str(row.book_id),
        "external_id": row.external_id,
        "kind": row.kind,
        "asset": row.asset,
        "amount": text(row.amount),
        "cost": text_or_none(row.cost),
        "at": row.at,
        "symbol": row.instrument.symbol if row.instrument else "",
        "strategy": row.strategy,
        "note": row.note,
    }


def balance(row: BalanceStatement) -> Json:
    return {
        "id": str(row.pk),
        "book": str(row.book_id),
        "asset": row.asset,
        "amount": text(row.amount),
        "at": row.at,
    }


def imported(preview: Preview, batch: object | None, counts: Mapping[str, int]) -> Json:
    parsed = preview.parsed
    return {
        "id": None if batch is None else str(batch),
        "book": preview.book_name,
        "format": parsed.file_format,
        "sha256": preview.source.sha256,
        "new": counts["new"],
        "duplicates": counts["duplicates"],
        "broken": [
            {"line": row.line, "reason": row.reason} for row in preview.shown_broken
        ],
        "rounded_rows": parsed.rounded_rows,
        "largest_rounding": text(parsed.largest_rounding),
        "stated": parsed.stated,
        "recomputed": parsed.recomputed,
    }
