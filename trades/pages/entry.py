"""The forms of facts that are entered by hand, and what a fact says in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.urls import reverse

from kernel.numbers import text
from trades.models import (
    BalanceStatement,
    Price,
    Split,
)

TRANSFER_NAMES = {
    "kind": "Kind",
    "asset": "Asset",
    "amount": "Amount",
    "cost": "Cost",
    "at": "At",
    "symbol": "Symbol",
    "strategy": "Strategy",
    "note": "Note",
}


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """What the page of a fact that is entered by hand says around its form."""

    title: str
    intro: str
    action: str
    done: str
    back: str  # the list that it belongs to, and where one comes out
    back_url: str


ENTRIES = {
    "trade": {
        "title": "New trade",
        "intro": "For a trade that no file brings.",
        "action": "Book it",
        "done": "The trade is booked.",
        "back": "Trades",
    },
    "transfer": {
        "title": "New transfer",
        "intro": "A deposit, a withdrawal, income, a cost, or coins between your books.",
        "action": "Book it",
        "done": "The transfer is booked.",
        "back": "Transfers",
    },
    "price": {
        "title": "New price",
        "intro": "As it was quoted at its time: no split changes it.",
        "action": "Keep it",
        "done": "The price is kept.",
        "back": "Prices",
    },
    "split": {
        "title": "New split",
        "intro": "Lots, marks and curves follow it; trades stay as they were.",
        "action": "Record it",
        "done": "The split is recorded.",
        "back": "Splits",
    },
}
LISTS = {
    "trade": "trades:index",
    "transfer": "trades:transfers",
    "price": "trades:prices",
    "split": "trades:splits",
}


def entry_page(kind: str) -> EntryPage:
    return EntryPage(**ENTRIES[kind], back_url=reverse(LISTS[kind]))


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def price_fields(price: Price) -> dict[str, tuple[str, str]]:
    """Label and value of what a correction may change."""
    return {
        "symbol": ("Symbol", price.symbol),
        "at": ("Quoted at (UTC)", _utc(price.at)),
        "price": ("Price", text(price.price)),
        "currency": ("Currency", price.currency),
        "source": ("Source", price.source),
    }


def split_fields(split: Split) -> dict[str, tuple[str, str]]:
    return {
        "symbol": ("Symbol", split.symbol),
        "at": ("From (UTC)", _utc(split.at)),
        "numerator": ("New units", str(split.numerator)),
        "denominator": ("For old units", str(split.denominator)),
    }


def balance_fields(balance: BalanceStatement) -> dict[str, tuple[str, str]]:
    return {
        "asset": ("Asset", balance.asset),
        "amount": ("Amount", text(balance.amount)),
        "at": ("Held at (UTC)", _utc(balance.at)),
    }
