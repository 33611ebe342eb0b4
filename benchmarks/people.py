"""The people of a load: each with a book, an access token and a browser's session."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from benchmarks import servers

# Their limits are everybody's; the others' are wider.
LIMITED = "limited"
MAKE = """
import json, sys, django
django.setup()
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from django.contrib.auth.models import Group
from accounts.models import User
from accounts.services.overrides import WINDOWS, override
from accounts.services.sessions import browser_session
from accounts.services.tokens import issue
from trades.domain.facts import NewFill
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
people, fills = int(sys.argv[1]), int(sys.argv[2])
begin = datetime(2026, 1, 5, tzinfo=timezone.utc)
users, made = [], []
for name in [f"reader{number}" for number in range(people)] + ["limited"]:
    user = User.objects.create_user(name, password=None)
    user.groups.add(Group.objects.get(name="Trader"))
    create_book(NewBook(f"{name}-main", "USD"), user)
    book_fills([
        NewFill(external_id=f"f{number}", symbol="BTC-USD",
                side="sell" if number % 3 == 2 else "buy", quantity=Decimal(1),
                price=Decimal(100 + number), executed_at=begin + timedelta(hours=number))
        for number in range(fills)
    ], user)
    users.append(user)
    made.append([name, issue(user).access, browser_session(user).session_key])
override(users[:-1], factor=10000, windows=WINDOWS, until=None, by="j:benchmarks")
print(json.dumps(made))
"""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    token: str
    cookie: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Encoding": "gzip"}

    @property
    def browser(self) -> dict[str, str]:
        cookies = f"sessionid={self.cookie}; csrftoken={'t' * 32}"
        return {"Cookie": cookies, "Accept-Encoding": "gzip"}


def make_people(environ: dict[str, str], count: int, fills: int) -> list[Person]:
    """So many readers, and at last `limited`."""
    made = subprocess.run(
        [sys.executable, "-c", MAKE, str(count), str(fills)],
        cwd=servers.ROOT,
        env=environ,
        check=True,
        capture_output=True,
    )
    return [Person(*row) for row in json.loads(made.stdout.splitlines()[-1])]
