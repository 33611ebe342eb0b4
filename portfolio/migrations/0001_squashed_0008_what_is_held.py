import django.db.models.deletion
import kernel.fields
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [
        ('portfolio', '0001_initial'),
        ('portfolio', '0002_what_bears_on_a_curve'),
        ('portfolio', '0003_books_to_derive_again'),
        ('portfolio', '0004_moves_between_own_books'),
        ('portfolio', '0005_what_left_of_nothing'),
        ('portfolio', '0006_what_a_fill_lacked'),
        ('portfolio', '0007_where_walks_go_on'),
        ('portfolio', '0008_what_is_held'),
    ]

    initial = True

    dependencies = [
        ('trades', '0001_squashed_0024_unindexed_fills'),
    ]

    operations = [
        migrations.CreateModel(
            name='EquityCurve',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('book', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='equity_curve', to='trades.book')),
                ('facts', models.CharField(blank=True, max_length=200)),
                ('market', models.JSONField(default=dict)),
                ('symbols', models.JSONField(default=list)),
                ('through', models.DateField(blank=True, null=True)),
                ('funded', kernel.fields.ExactDecimalField(default=Decimal('0'))),
                ('computed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='EquityPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('book', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='trades.book')),
                ('day', models.DateField()),
                ('equity', kernel.fields.ExactDecimalField()),
                ('cash', kernel.fields.ExactDecimalField()),
                ('gross', kernel.fields.ExactDecimalField(blank=True, null=True)),
                ('inflow', kernel.fields.ExactDecimalField()),
                ('outflow', kernel.fields.ExactDecimalField()),
                ('base', kernel.fields.ExactDecimalField()),
                ('pnl', kernel.fields.ExactDecimalField()),
                ('slices', models.JSONField(default=list)),
                ('between', models.JSONField(db_default=models.Value([], models.JSONField()), default=list)),
                ('unvalued', models.PositiveIntegerField(default=0)),
                ('fills', models.PositiveIntegerField(default=0)),
                ('transfers', models.PositiveIntegerField(default=0)),
                ('prices', models.PositiveIntegerField(default=0)),
                ('digest', models.CharField(blank=True, max_length=64)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('book', 'day'), name='portfolio_point_once')],
            },
        ),
        migrations.CreateModel(
            name='EquityState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('book', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='trades.book')),
                ('day', models.DateField()),
                ('read', models.CharField(max_length=64)),
                ('walk', models.JSONField()),
                ('symbols', models.JSONField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('book', 'day'), name='portfolio_state_once')],
            },
        ),
    ]
