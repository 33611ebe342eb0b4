"""Counting flagged matches reads those alone."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('trades', '0011_undone_files'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='match',
            index=models.Index(condition=models.Q(('reason', ''), _negated=True), fields=['book', 'reason'], name='trades_match_flagged'),
        ),
    ]
