"""Balances keep the cash that fills lacked before the first deposit."""

from decimal import Decimal
from operator import itemgetter

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import kernel.fields
from trades.domain.cash import CashMove, ImpliedFunding, fill_moves


def imply(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """What the books that are here lacked, from their facts."""
    Balance = apps.get_model("trades", "Balance")
    for book in apps.get_model("trades", "Book").objects.all():
        funding = ImpliedFunding()
        for _, move in sorted(_moves(apps, book), key=itemgetter(0)):
            if move.currency == book.base_currency:
                funding.apply(move)
        own = Balance.objects.filter(book=book, currency=book.base_currency)
        own.update(implied=funding.implied)


def _moves(apps: Apps, book):
    transfers = apps.get_model("trades", "Transfer").objects.filter(book=book)
    deposits = []
    for transfer in transfers.select_related("instrument").order_by("at"):
        instrument = transfer.instrument
        if instrument is not None and instrument.base == transfer.asset:
            continue
        move = CashMove(
            transfer.asset, transfer.amount, deposited=transfer.kind == "deposit"
        )
        if move.deposited and move.amount > 0 and move.currency == book.base_currency:
            deposits.append(transfer.at)
        yield _place(transfer, transfer.at), move
    fills = apps.get_model("trades", "Fill").objects.filter(book=book)
    fills = fills.filter(status="booked").select_related("instrument")
    if deposits:
        fills = fills.filter(executed_at__lte=deposits[0])
    for fill in fills.iterator():
        moves = fill_moves(
            buy=fill.side == "buy",
            amount=fill.amount,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            base=fill.instrument.base,
            quote=fill.instrument.quote,
        )
        for move in moves:
            yield _place(fill, fill.executed_at), move


def _place(fact, at):
    return at, fact.recorded_at, fact.sequence, fact.pk


class Migration(migrations.Migration):
    dependencies = [("trades", "0005_order_of_arrival")]

    operations = [
        migrations.AddField(
            model_name="balance",
            name="implied",
            field=kernel.fields.ExactDecimalField(default=Decimal(0)),
        ),
        migrations.RunPython(imply, migrations.RunPython.noop),
    ]
