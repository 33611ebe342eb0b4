"""`manage.py demo`: demo people, two years of trading, a review of this commit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from portfolio.services import equity
from rrr_dashboard.demo import desk, people, review


class Command(BaseCommand):
    help = "Load what is missing of the demo data; RRR_ENV=demo only."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.RRR_ENV != "demo":
            raise CommandError("demo data is loaded with RRR_ENV=demo only.")
        if not settings.DEMO_PASSWORD:
            raise CommandError("DEMO_PASSWORD is not set: put it into .env.")
        people.load(settings.DEMO_PASSWORD)
        admin = User.objects.get(username="admin")
        self.stdout.write("demo: people are there")
        desk.load(datetime.now(UTC).date(), admin)
        equity.catch_up(timezone.now())
        self.stdout.write("demo: trades are there")
        review.load(admin)
        self.stdout.write("demo: a review of this commit is open")
