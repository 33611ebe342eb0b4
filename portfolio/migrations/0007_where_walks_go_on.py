"""Where a walk goes on, day by day.

Before it, on SQLite, tables whose numbers were checked for length and first digit alone
are written anew, with the check of every digit (kernel.fields).
"""

import django.db.models.deletion
from django.db import migrations, models

WEAK = "< '2'"


def check_digits(apps, editor):
    if editor.connection.vendor != "sqlite":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        weak = {name for name, sql in cursor.fetchall() if WEAK in (sql or "")}
    for model in apps.get_models():
        if model._meta.db_table in weak:
            editor._remake_table(model)


class Migration(migrations.Migration):

    dependencies = [
        ('portfolio', '0006_what_a_fill_lacked'),
        ('trades', '0019_digits_are_checked'),
    ]

    operations = [
        migrations.RunPython(check_digits, migrations.RunPython.noop),
        migrations.CreateModel(
            name='EquityState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('read', models.CharField(max_length=64)),
                ('walk', models.JSONField()),
                ('symbols', models.JSONField()),
                ('book', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='trades.book')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('book', 'day'), name='portfolio_state_once')],
            },
        ),
    ]
