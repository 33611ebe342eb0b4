"""Prices and exchange rates: stored once, and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid
from kernel.numbers import text
from operations.services import scheduler
from trades.domain.facts import NewPrice
from trades.domain.formats import prices as price_file
from trades.domain.formats.parsed import BrokenRow, NotAFile
from trades.domain.reading import zone_of
from trades.models import Price
from trades.queries.facts import IDS, ROWS
from trades.services.previewing import broken_rows


def set_prices(new: Sequence[NewPrice], by: User) -> int:
    """Store prices; returns how many are new. The same price again changes nothing;
    another price for the same symbol, time and source is a Conflict."""
    with transaction.atomic():
        count = save_prices(new, timezone.now())
        if count:
            audit.append(
                "trades.price.set",
                actor=by.actor,
                object="prices:all",
                data={
                    "prices": str(count),
                    "symbols": sorted({price.symbol for price in new})[:20],
                },
            )
    return count


def save_prices(new: Sequence[NewPrice], now: datetime) -> int:
    """Insert the prices that are not there; see set_prices."""
    keyed = {(price.symbol, price.at, price.source): price for price in new}
    rows = list(keyed.values())
    count = 0
    for start in range(0, len(rows), IDS):
        part = rows[start : start + IDS]
        known = {
            (row.symbol, row.at, row.source): row.price
            for row in Price.objects.filter(
                symbol__in={price.symbol for price in part},
                at__in={price.at for price in part},
            )
        }
        fresh = []
        for price in part:
            old = known.get((price.symbol, price.at, price.source))
            if old is None:
                fresh.append(
                    Price(
                        symbol=price.symbol,
                        at=price.at,
                        price=price.price,
                        source=price.source,
                        recorded_at=now,
                    )
                )
            elif old != price.price:
                raise Conflict(
                    f"{price.symbol} at {price.at:%Y-%m-%d %H:%M} has another price "
                    f"from {price.source}: {text(old)}.",
                    code="price",
                    errors=[FieldError("/prices", "other_content", price.symbol)],
                )
        Price.objects.bulk_create(fresh, batch_size=ROWS)
        count += len(fresh)
    if count:
        bump("prices")
        scheduler.request_following("prices")
    return count


def import_prices(content: bytes, *, zone: str = "") -> int:
    """Store the prices of a CSV, all or none; returns how many are new.

    Raises Invalid with the broken lines, Conflict for another price of one moment.
    """
    try:
        declared = zone_of(zone) if zone else None
        rows = price_file.read(content, now=timezone.now(), zone=declared)
    except (NotAFile, ValueError) as error:
        raise Invalid(
            f"{error}.",
            code="invalid",
            errors=[FieldError("/file", "invalid", str(error))],
        ) from None
    broken = [row for row in rows if isinstance(row, BrokenRow)]
    prices = [row for row in rows if isinstance(row, NewPrice)]
    if broken:
        raise broken_rows(broken)
    with transaction.atomic():
        count = save_prices(prices, timezone.now())
        if count:
            audit.append(
                "trades.price.imported",
                actor="system",
                object="prices:all",
                data={
                    "prices": str(count),
                    "sha256": hashlib.sha256(content).hexdigest(),
                },
            )
    return count
