"""Rows of files without ids were known by how their file wrote them; they are known by
what they say from here on, so that the same file in another dialect adds nothing."""

import re
from collections import Counter

from django.db import migrations

from trades.domain.formats.identity import fill_facts, row_id, transfer_facts

CHUNK = 1000
HASHED = re.compile(
    r"(csv|coinbase|freqtrade(?:-start)?):[0-9a-f]{32}:\d+(?::(?:open|close))?"
)


def rename(apps, schema_editor):
    _rename(apps.get_model("trades", "Fill"), _fill_facts, "instrument")
    _rename(apps.get_model("trades", "Transfer"), _transfer_facts)


def _rename(model, facts, *related):
    seen = {}  # ordinals count in a book, over files: two of them may say the same
    last = 0
    while True:
        rows = model.objects.filter(id__gt=last).select_related(*related)
        rows = list(rows.order_by("id")[:CHUNK])
        if not rows:
            return
        last = rows[-1].pk
        changed = []
        for row in rows:
            hashed = HASHED.fullmatch(row.external_id)
            if hashed is not None:
                counter = seen.setdefault(row.book_id, Counter())
                prefix = hashed[1].removesuffix("-start")
                row.external_id = row_id(prefix, facts(row), counter)
                changed.append(row)
        model.objects.bulk_update(changed, ["external_id"])


def _fill_facts(row):
    return fill_facts(
        symbol=row.instrument.symbol,
        side=row.side,
        quantity=row.quantity,
        price=row.price,
        executed_at=row.executed_at,
        fee=row.fee,
        fee_currency=row.fee_currency,
        quote=row.instrument.quote,
    )


def _transfer_facts(row):
    return transfer_facts(
        kind=row.kind, asset=row.asset, amount=row.amount, at=row.at
    )


class Migration(migrations.Migration):
    dependencies = [("trades", "0006_implied_funding")]
    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
