"""A rebate lessens what its fill lacked: a job derives again the books whose balances
differ by it, and the curves of all that were paid one are computed again."""

import uuid
from decimal import Decimal

from django.db import migrations
from django.utils import timezone

JOB = "portfolio-rederive"


def ask(apps, schema_editor):
    fills = apps.get_model("trades", "Fill").objects.filter(fee__lt=Decimal(0))
    books = list(fills.order_by().values_list("book", flat=True).distinct())
    if not books:
        return
    curves = apps.get_model("portfolio", "EquityCurve").objects
    curves.filter(book__in=books).update(facts="")
    job, _ = apps.get_model("operations", "Job").objects.get_or_create(name=JOB)
    runs = apps.get_model("operations", "JobRun").objects
    if not runs.filter(job=job, key="", state="queued").exists():
        runs.create(uid=uuid.uuid4(), job=job, due_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0005_what_left_of_nothing"),
        ("trades", "0018_fewer_indexes"),
        ("operations", "0002_timeline_without_data"),
    ]
    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
