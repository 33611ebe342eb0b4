"""Asks who the first administrator is, in a terminal, and for the password."""

from __future__ import annotations

import sys
from getpass import getpass

from accounts.models import User
from accounts.services.first_administrator import check, name_first_administrator
from kernel.errors import Invalid
from rrr_dashboard.supervisor import Say

LONGEST_LINE = 1024


def ask_for_one(say: Say) -> None:
    """Nothing to ask once there are people; without a terminal it says what to do."""
    if User.objects.filter(is_service=False).exists():
        return
    if not sys.stdin.isatty():
        say(
            "no people yet: name the first administrator with "
            "`manage.py first_admin NAME MAIL`"
        )
        return
    say("this database has no people yet: who is the first administrator?")
    name = input("Name to log in with: ").strip()
    mail = input("Mail address: ").strip()
    name_first_administrator(name, email=mail, password=read_password(name, mail))


def read_password(name: str, mail: str) -> str:
    """Typed twice on a terminal, and again until it is strong enough and the same;
    elsewhere one line of standard input, taken as it is."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(LONGEST_LINE).rstrip("\r\n")
    while True:
        password = getpass("Password: ")
        try:
            check(name, email=mail, password=password)
        except Invalid as refused:
            if any(error.pointer != "/password" for error in refused.errors):
                raise
            sys.stdout.write(f"{refused}\n")
            continue
        if getpass("The same again: ") == password:
            return password
        sys.stdout.write("The two differ.\n")
