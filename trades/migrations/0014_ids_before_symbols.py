"""An external id is found without its symbol: the index that keeps ids unique begins
with book and id. A person's list by id read every trade of their books."""

from django.db import migrations, models



class Migration(migrations.Migration):
    dependencies = [("trades", "0013_generations")]

    operations = [
        migrations.RemoveConstraint(model_name="fill", name="trades_fill_external"),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("replaces__isnull", True),
                    models.Q(("status", "undone"), _negated=True),
                ),
                fields=("book", "external_id", "instrument"),
                name="trades_fill_external",
            ),
        ),
    ]
