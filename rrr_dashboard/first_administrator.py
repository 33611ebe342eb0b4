"""Asks, in a terminal, who the first administrator is."""

from __future__ import annotations

import sys
from getpass import getpass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.services.people import add_person
from rrr_dashboard.supervisor import Say


def ask_for_one(say: Say) -> None:
    """Nothing to ask once there are people; without a terminal it says what to do."""
    if User.objects.filter(is_service=False).exists():
        return
    if not sys.stdin.isatty():
        say(
            "no people yet: run `manage.py serve` in a terminal once "
            "to name the first administrator"
        )
        return
    say("this database has no people yet: who is the first administrator?")
    name = input("Name to log in with: ").strip()
    mail = input("Mail address: ").strip()
    add_person(
        name, email=mail, password=_password(), roles=["Administrator"], by="system"
    )


def _password() -> str:
    """Asked again until it is strong enough."""
    while True:
        password = getpass("Password: ")
        try:
            validate_password(password)
        except ValidationError as weak:
            sys.stdout.write(" ".join(weak.messages) + "\n")
        else:
            return password
