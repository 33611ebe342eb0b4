"""Prices and exchange rates: stored once, mended by events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid, summary
from kernel.numbers import text
from operations.services import scheduler
from trades.domain.facts import NewPrice
from trades.domain.formats import prices as price_file
from trades.domain.formats.parsed import BrokenRow, NotAFile
from trades.domain.reading import zone_of
from trades.models import MarketScope, Price
from trades.queries.facts import IDS, ROWS
from trades.services.market import check_scopes
from trades.services.previewing import broken_rows

Key: TypeAlias = tuple[str, str, datetime, str]  # scope, symbol, time, source


def set_prices(new: Sequence[NewPrice], by: User) -> tuple[list[Price], int]:
    """Store prices; returns them in the order given, and how many are new. The same
    price again changes nothing, not even one that was withdrawn since; another price
    for the same symbol, time and source is a Conflict.

    Raises Invalid for a price whose currency is missing or another than its pair's,
    Forbidden for the desk's without the permission.
    """
    check_scopes((price.scope for price in new), by)
    with transaction.atomic():
        prices, count = save_prices(new, timezone.now(), by)
        if count:
            audit.append(
                "trades.price.set",
                actor=by.actor,
                object="prices:all",
                data={
                    "prices": str(count),
                    "symbols": sorted({price.symbol for price in new})[:20],
                    "scopes": sorted({price.scope for price in new}),
                },
            )
    return prices, count


def save_prices(
    new: Sequence[NewPrice], now: datetime, author: User | None
) -> tuple[list[Price], int]:
    """Insert the prices that are not there; see set_prices."""
    given = with_currency(new)
    keyed = {key_of(price): price for price in given}
    rows = list(keyed.values())
    stored: dict[Key, Price] = {}
    count = 0
    for start in range(0, len(rows), IDS):
        part = rows[start : start + IDS]
        known = _known(part, author)
        fresh = []
        for price in part:
            if key_of(price) not in known:
                fresh.append(price_row(price, now, author))
            elif not says(known[key_of(price)], price):
                raise other_price(price, known[key_of(price)])
        Price.objects.bulk_create(fresh, batch_size=ROWS)
        stored |= known | {key_of(price): price for price in fresh}
        count += len(fresh)
    if count:
        follow_prices()
    return [stored[key_of(price)] for price in given], count


def follow_prices() -> None:
    """What shows prices is asked for again, and the jobs that read them."""
    bump("prices")
    scheduler.request_following("prices")


def price_row(price: NewPrice, now: datetime, author: User | None) -> Price:
    return Price(
        symbol=price.symbol,
        at=price.at,
        price=price.price,
        currency=price.currency,
        source=price.source,
        scope=price.scope,
        author=author,
        recorded_at=now,
    )


def with_currency(
    new: Sequence[NewPrice], pointer: str = "/prices/{}"
) -> list[NewPrice]:
    """Each with the currency that it is in. Raises Invalid with the pointers."""
    errors = []
    prices = []
    for index, price in enumerate(new):
        quote = price.symbol.partition("-")[2]
        where = f"line {price.line}" if price.line else pointer.format(index)
        if quote and price.currency not in ("", quote):
            detail = f"{price.symbol} is priced in {quote}, not {price.currency}"
            errors.append(FieldError(f"{where}/currency", "currency", detail))
        if price.scope == MarketScope.DESK and not (quote or price.currency):
            detail = f"say the currency of {price.symbol}: it counts for every book"
            errors.append(FieldError(f"{where}/currency", "required", detail))
        prices.append(replace(price, currency=price.currency or quote))
    if errors:
        raise Invalid(summary(errors), code="invalid", errors=errors[:100])
    return prices


def key_of(price: NewPrice | Price) -> Key:
    """What one price is known by, in its scope and to its author."""
    return price.scope, price.symbol, price.at, price.source


def says(price: Price, new: NewPrice) -> bool:
    """Whether a stored price has this content."""
    return (price.price, price.currency) == (new.price, new.currency)


def like(prices: Sequence[NewPrice], author: User | None) -> QuerySet[Price]:
    """What was ever stored of these symbols and times, in order of its coming."""
    mine = Q(scope=MarketScope.DESK) | Q(scope=MarketScope.OWN, author=author)
    return Price.objects.filter(
        mine,
        symbol__in={price.symbol for price in prices},
        at__in={price.at for price in prices},
    ).order_by("recorded_at", "id")


def _known(prices: Sequence[NewPrice], author: User | None) -> dict[Key, Price]:
    """What is known of these: the price that stands, or one that was withdrawn and
    said the same (a file that is read again does not bring it back)."""
    wanted = {key_of(price): price for price in prices}
    rows = [row for row in like(prices, author) if key_of(row) in wanted]
    rows.sort(key=lambda row: row.withdrawn_at is None)
    known = {key_of(row): row for row in rows if row.withdrawn_at is None}
    return known | {key_of(row): row for row in rows if says(row, wanted[key_of(row)])}


def other_price(price: NewPrice, known: Price) -> Conflict:
    return Conflict(
        f"{price.symbol} at {price.at:%Y-%m-%d %H:%M} has another price from "
        f"{price.source}: {text(known.price)}. Correct that one, or name another "
        "source.",
        code="price",
        errors=[FieldError("/prices", "other_content", price.symbol)],
    )


def import_prices(content: bytes, *, zone: str = "", currency: str = "") -> int:
    """Store the prices of a CSV for the desk, all or none; returns how many are new.
    `currency` is that of plain symbols of which the file does not say it.

    Raises Invalid with the broken lines, Conflict for another price of one moment.
    """
    try:
        declared = zone_of(zone) if zone else None
        rows = price_file.read(
            content, now=timezone.now(), zone=declared, currency=currency
        )
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
        _, count = save_prices(prices, timezone.now(), None)
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
