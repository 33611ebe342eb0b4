"""A price is taken back, or another is put in its place."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.numbers import text
from trades.domain.facts import NewPrice
from trades.models import Book, MarketScope, Position, Price, PriceEvent
from trades.services.effects import Effects
from trades.services.market import nothing_changed, to_mend, withdraw
from trades.services.prices import (
    follow_prices,
    key_of,
    like,
    other_price,
    price_row,
    says,
    with_currency,
)


def void_price(pk: int, reason: str, by: User) -> Price:
    """Let a price count no more. Raises like `market.to_mend`."""
    with transaction.atomic():
        price = to_mend(Price, pk, by)
        effects = _effects(price, [price.symbol])
        withdraw(price, timezone.now())
        event = PriceEvent(price=price, kind="void", reason=reason, author=by)
        _say(event, effects)
    return price


def correct_price(
    pk: int, change: Callable[[NewPrice], NewPrice], reason: str, by: User
) -> Price:
    """Put another price in the place of one; returns it. `change` makes it from what
    stands. Raises like `market.to_mend`, what `change` raises, Invalid for a currency
    that cannot be, and Conflict where its place is taken or nothing would change."""
    with transaction.atomic():
        price = to_mend(Price, pk, by)
        [new] = with_currency([change(new_price(price))], pointer="")
        if key_of(new) == key_of(price) and says(price, new):
            raise nothing_changed("price")
        effects, now = _effects(price, {price.symbol, new.symbol}), timezone.now()
        withdraw(price, now)
        standing = like([new], by).filter(withdrawn_at=None)
        taken = standing.filter(scope=new.scope, source=new.source).first()
        if taken is not None:
            raise other_price(new, taken)
        stands = price_row(new, now, by)
        stands.save()
        event = PriceEvent(
            price=price, kind="correct", replacement=stands, reason=reason, author=by
        )
        _say(event, effects)
    return stands


def new_price(price: Price) -> NewPrice:
    """A stored price as one to keep."""
    return NewPrice(
        symbol=price.symbol,
        at=price.at,
        price=price.price,
        source=price.source,
        currency=price.currency,
        scope=price.scope,
    )


def _effects(price: Price, symbols: Collection[str]) -> Effects:
    """On the books that hold something of these symbols."""
    books = Book.objects.filter(
        pk__in=Position.objects.filter(instrument__symbol__in=symbols).values("book")
    )
    if price.scope == MarketScope.OWN:
        books = books.filter(owner=price.author)
    return Effects.on(list(books.order_by("pk")), symbols)


def _say(event: PriceEvent, effects: Effects) -> None:
    """Store the event of a price that was withdrawn just now, with what came of it,
    and tell the log."""
    price, stands = event.price, event.replacement
    assert price.withdrawn_at is not None
    event.recorded_at = price.withdrawn_at
    event.save()
    effects.state(event)
    follow_prices()
    data = {
        "symbol": price.symbol,
        "price": text(price.price),
        "reason": event.reason,
    }
    if stands is not None:
        data |= {"instead": text(stands.price), "by": f"price:{stands.pk}"}
    audit.append(
        f"trades.price.{'voided' if stands is None else 'corrected'}",
        actor=event.author.actor,
        object=f"price:{price.pk}",
        data=data,
    )
