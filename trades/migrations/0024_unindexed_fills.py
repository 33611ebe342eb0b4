import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('trades', '0023_newest_open_lots'),
    ]

    operations = [
        migrations.CreateModel(
            name='UnindexedFills',
            fields=[
                ('book', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='unindexed', serialize=False, to='trades.book')),
                ('first', models.BigIntegerField()),
                ('last', models.BigIntegerField()),
            ],
            options={
                'verbose_name_plural': 'unindexed fills',
            },
        ),
    ]
