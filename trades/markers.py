"""What a restored copy must still hold: booked quantities and totals of each book."""

from __future__ import annotations

from django.db.models import Count, Sum

from kernel.numbers import text
from kernel.registry import marker
from trades.models import Balance, Fill, Transfer


@marker("trades")
def booked(database: str) -> dict[str, str]:
    """{"<book>: fills": …}: counts, quantities and amounts of facts, cash and
    realised of balances, from the database of this alias."""
    totals: dict[str, str] = {}
    fills = Fill.objects.using(database).values("book__name")
    for row in fills.annotate(
        n=Count("pk"), quantity=Sum("quantity"), amount=Sum("amount")
    ).order_by("book__name"):
        name = row["book__name"]
        totals[f"{name}: fills"] = str(row["n"])
        totals[f"{name}: quantity"] = text(row["quantity"])
        totals[f"{name}: amount"] = text(row["amount"])
    moves = Transfer.objects.using(database).values("book__name", "asset")
    for name, asset, amount in (
        moves.annotate(amount=Sum("amount"))
        .order_by("book__name", "asset")
        .values_list("book__name", "asset", "amount")
    ):
        totals[f"{name}: transferred {asset}"] = text(amount)
    for balance in Balance.objects.using(database).select_related("book"):
        name = f"{balance.book.name}: {balance.currency}"
        totals[f"{name} cash"] = text(balance.cash)
        totals[f"{name} realised"] = text(balance.realised)
    return totals
