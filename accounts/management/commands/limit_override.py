"""`manage.py limit_override USER… --factor K`: wider rate limits for a while."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from accounts.models import User
from accounts.services.overrides import WINDOWS, override
from kernel.errors import Invalid

MOST_HOURS = 24 * 365


class Command(BaseCommand):
    help = (
        "Let people or service accounts ask K times as often, for load and fault "
        "tests. It is in the audit log; a factor of 1 ends it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("users", nargs="+", metavar="USER", help="user names")
        parser.add_argument("--factor", type=int, required=True, help="1 to 10,000")
        parser.add_argument(
            "--windows",
            default=",".join(WINDOWS),
            help=f"which ones, of {','.join(WINDOWS)} (default: all)",
        )
        parser.add_argument(
            "--hours", type=float, default=24.0, help="how long (default: 24)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names, hours = list(dict.fromkeys(options["users"])), options["hours"]
        if not 0 < hours <= MOST_HOURS:
            raise CommandError(f"--hours must be more than 0, at most {MOST_HOURS:,}.")
        windows = [name.strip() for name in options["windows"].split(",")]
        until = timezone.now() + timedelta(hours=hours)
        try:
            users = list(User.objects.filter(username__in=names))
            missing = sorted(set(names) - {user.username for user in users})
            if missing:
                raise CommandError(f"there is nobody named {', '.join(missing)}.")
            override(
                users,
                factor=options["factor"],
                windows=windows,
                until=until,
                by="system",
            )
        except Invalid as refused:
            raise CommandError(str(refused)) from refused
        except DatabaseError as error:
            raise CommandError(f"the database does not take it: {error}") from error
        who = f"{len(users)} account{pluralize(len(users))}"
        if options["factor"] == 1:
            self.stdout.write(f"{who}: the limits as everybody's")
            return
        self.stdout.write(
            f"{who}: {options['factor']:,} times as much in each {', '.join(windows)}, "
            f"until {until:%Y-%m-%d %H:%M} UTC"
        )
