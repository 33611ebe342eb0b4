"""Tables that looked at length and first digit alone get the check of every digit."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from kernel.fields import ExactDecimalField
from trades.models import Fill
from trades.services.fills import book_fills

check_digits = import_module("portfolio.migrations.0007_where_walks_go_on").check_digits
pytestmark = pytest.mark.django_db(transaction=True)


def weak(self, connection):
    column = connection.ops.quote_name(self.column)
    return f"length({column}) = 49 AND {column} >= '0' AND {column} < '2'"


def overwrite_a_price():
    wrong = "1" + "0" * 47 + "x"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE trades_fill SET price = %s", [wrong])
        transaction.set_rollback(True)


@pytest.mark.embedded  # PostgreSQL's NUMERIC is a number
def test_rows_stay_and_no_letter_gets_in_any_more(ada, book, make_fill, monkeypatch):
    book_fills([make_fill("f1", "buy", "2", "100.5")], ada)
    with monkeypatch.context() as before, connection.schema_editor() as editor:
        before.setattr(ExactDecimalField, "db_check", weak)
        editor._remake_table(Fill)  # type: ignore[attr-defined]
    overwrite_a_price()
    with connection.schema_editor() as editor:
        check_digits(apps, editor)
    with pytest.raises(IntegrityError):
        overwrite_a_price()
    [fill] = Fill.objects.all()
    assert (str(fill.quantity.normalize()), str(fill.price.normalize())) == (
        "2",
        "100.5",
    )
