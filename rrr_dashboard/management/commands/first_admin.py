"""`manage.py first_admin NAME MAIL`: who may add everybody else."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.services.first_administrator import name_first_administrator
from accounts.services.people import has_administrator
from kernel.errors import Conflict, Invalid
from rrr_dashboard.first_administrator import read_password


class Command(BaseCommand):
    help = (
        "Name the first Administrator. The password is typed twice on a terminal, "
        "else it is one line of standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="to log in with")
        parser.add_argument("mail", help="mail address")

    def handle(self, *args: Any, **options: Any) -> None:
        name, mail = options["name"], options["mail"]
        try:
            if has_administrator():
                raise CommandError(
                    "there is an active Administrator already, who can add people."
                )
            password = read_password(name, mail)
            name_first_administrator(name, email=mail, password=password)
        except (Conflict, Invalid) as refused:
            raise CommandError(str(refused)) from refused
        except DatabaseError as error:
            raise CommandError(f"the database does not take it: {error}") from error
        self.stdout.write(f"{name} is an Administrator now.")
