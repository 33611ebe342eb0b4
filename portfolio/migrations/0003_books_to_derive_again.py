"""Rules changed that say what a booked fact means: a job compares the books that are
here with their facts, and derives again those that differ."""

import uuid

from django.db import migrations
from django.utils import timezone

JOB = "portfolio-rederive"


def ask(apps, schema_editor):
    if not apps.get_model("trades", "Book").objects.exists():
        return
    job, _ = apps.get_model("operations", "Job").objects.get_or_create(name=JOB)
    runs = apps.get_model("operations", "JobRun").objects
    if not runs.filter(job=job, key="", state="queued").exists():
        runs.create(uid=uuid.uuid4(), job=job, due_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0002_what_bears_on_a_curve"),
        ("trades", "0011_undone_files"),
        ("operations", "0002_timeline_without_data"),
    ]
    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
