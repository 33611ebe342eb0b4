"""Numbers checked for every digit: portfolio.0007 does it, which knows the tables of
both. This one asked for portfolio's, and one migration for a fresh database was a
circle."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trades", "0018_fewer_indexes")]
    operations = []
