"""`manage.py rotate_log_key`: the audit log's next heads are signed by a new key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from audit import services
from kernel.errors import ProductError


class Command(BaseCommand):
    help = "Make a new log key; heads that the old one signed stay good."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                key = services.rotate_key()
        except (OSError, DatabaseError, ProductError) as error:
            raise CommandError(f"the log keeps its key: {error}") from error
        self.stdout.write(f"the log's verifier key is now {key}")
