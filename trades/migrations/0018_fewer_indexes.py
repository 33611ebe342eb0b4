"""No index that only begins as another does; on SQLite the tables are written anew,
with a shorter check of their numbers."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('trades', '0017_book_versions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='fill',
            name='book',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='fills', to='trades.book'),
        ),
        migrations.AlterField(
            model_name='fill',
            name='decision',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='fills', to='trades.decision'),
        ),
        migrations.AlterField(
            model_name='fill',
            name='instrument',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='fills', to='trades.instrument'),
        ),
        migrations.AlterField(
            model_name='lot',
            name='book',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='trades.book'),
        ),
        migrations.AlterField(
            model_name='lot',
            name='instrument',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trades.instrument'),
        ),
        migrations.AlterField(
            model_name='lot',
            name='transfer',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lots', to='trades.transfer'),
        ),
        migrations.AlterField(
            model_name='match',
            name='book',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='trades.book'),
        ),
        migrations.AlterField(
            model_name='match',
            name='instrument',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trades.instrument'),
        ),
        migrations.AlterField(
            model_name='match',
            name='transfer',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='matches', to='trades.transfer'),
        ),
        migrations.AlterField(
            model_name='roundtrip',
            name='book',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='round_trips', to='trades.book'),
        ),
        migrations.AlterField(
            model_name='roundtrip',
            name='instrument',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='trades.instrument'),
        ),
        migrations.AddIndex(
            model_name='fill',
            index=models.Index(condition=models.Q(('decision__isnull', False)), fields=['decision'], name='trades_fill_decision'),
        ),
        migrations.AddIndex(
            model_name='lot',
            index=models.Index(condition=models.Q(('transfer__isnull', False)), fields=['transfer'], name='trades_lot_transfer'),
        ),
        migrations.AddIndex(
            model_name='match',
            index=models.Index(condition=models.Q(('transfer__isnull', False)), fields=['transfer'], name='trades_match_transfer'),
        ),
    ]
