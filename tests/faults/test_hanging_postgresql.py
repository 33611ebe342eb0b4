"""A PostgreSQL whose answers do not arrive: everybody is told so soon, and it is over
when it is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import User
from tests.faults.conftest import through
from tests.faults.lonely_watch import lonely_watch
from tests.faults.swallowing import SwallowingProxy
from tests.faults.test_second_outage import words
from tests.served import Answer, Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]
CLIENTS = 40


def test_a_database_that_hangs_holds_nobody(
    served: Served,
    proxy: SwallowingProxy,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    token = served.token("ada")
    assert served.ask("/api/trades", token=token).status == 200
    live = list[Answer]()

    def ask(number: int) -> list[Answer]:
        ends, answers = time.monotonic() + 8, list[Answer]()
        while time.monotonic() < ends:
            answers.append(
                served.post_trade(token, f"hanging-{number}-{len(answers)}")
                if number % 2
                # Each another one: what was asked before may still be given again.
                else served.ask(f"/api/trades?q={number}-{len(answers)}", token=token)
            )
            time.sleep(0.2)
        return answers

    proxy.hanging.set()
    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(ask, number) for number in range(CLIENTS)]
        while not all(each.done() for each in asked):
            live.append(served.ask("/health/live"))
            time.sleep(0.2)
    answers = [answer for each in asked for answer in each.result()]
    assert served.ask("/health/ready").status == 503
    page = served.ask("/accounts/login/", accept="text/html")
    proxy.hanging.clear()
    freed = time.monotonic()
    again = until(30, lambda: served.ask("/api/trades", token=token).status == 200)
    recovered = time.monotonic() - freed
    slowest = max(answer.seconds for answer in answers)
    slowest_live = max(answer.seconds for answer in live)
    seen(
        "PostgreSQL hangs, 40 clients",
        "503 ≤ 5 s, live ≤ 1 s, again ≤ 10 s",
        f"{len(answers)} answers ≤ {slowest:.1f} s, live ≤ {slowest_live:.2f} s, "
        f"again after {recovered:.1f} s",
    )
    assert {answer.status for answer in answers} == {503}
    assert {answer.kind for answer in answers} == {"application/problem+json"}
    assert all(answer.retry_after for answer in answers)
    assert slowest <= 5 * factor
    assert {answer.status for answer in live} == {200}
    assert slowest_live <= 1 * factor
    assert page.kind.startswith("text/html")
    assert again
    assert recovered <= 10 * factor
    assert served.post_trade(token, "after").status == 201


@pytest.mark.django_db(transaction=True)
def test_watch_tells_of_a_database_that_hangs(
    proxy: SwallowingProxy,
    tmp_path: Path,
    person: Callable[..., User],
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    person("olga", "Operator")
    mail, name = tmp_path / "mail", str(connection.settings_dict["NAME"])
    with lonely_watch(name, tmp_path, DATABASE_URL=through(proxy)):
        assert until(30 * factor, (tmp_path / "paging.json").exists)
        proxy.hanging.set()
        began = time.monotonic()
        try:
            assert until(30 * factor, lambda: words(mail) == ["firing"])
        finally:
            proxy.hanging.clear()
        told = time.monotonic() - began
        assert until(60 * factor, lambda: words(mail) == ["firing", "resolved"])
    seen("PostgreSQL hangs", "it is mailed ≤ 30 s", f"after {told:.1f} s")
