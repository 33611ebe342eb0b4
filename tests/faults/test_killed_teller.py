"""kill -9 for whoever judges and tells, at any moment: nothing is told twice, nothing is
lost, and each story stays in its order.

A repeat after a kill between "the server has it" and "it is written down" cannot be
avoided; its Message-ID is the same, so that it is recognisable as one.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from kernel.redis import client
from operations.models import Alert, Notice, Rule
from operations.services import memory
from tests.faults.conftest import ROUNDS
from tests.faults.mailing import MailServer
from tests.served import ROOT
from tests.slowness import Slowness

pytestmark = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
KILLS = 30 if ROUNDS > 1 else 12
HOSTS = [f"host-{number}" for number in range(8)]
PEOPLE = ("olga", "oskar")
SLOW_MAIL = 0.03
MESSAGE_ID = re.compile(r"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)
# Begins a child at each line that it reads, so that a new one is there at once. Leases
# and the time below the threshold are short: what is done then is the same.
TELLER = """
import os, signal, sys, time
import django
from datetime import timedelta
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from django.utils import timezone
from operations.domain import episodes
from operations.services import alerting, delivery
delivery.LEASE = timedelta(seconds=1)
episodes.RESOLVE_AFTER = timedelta(seconds=1)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)

def tell():
    while True:
        at = timezone.now()
        alerting.evaluate(at)
        delivery.deliver(at)
        time.sleep(0.02)

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        tell()
    print(pid, flush=True)
"""


class Teller:
    """Judges and tells; killed, another begins."""

    def __init__(self, mails: MailServer) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TELLER, str(connection.settings_dict["NAME"])],
            cwd=ROOT,
            env={
                **os.environ,
                "EMAIL_URL": f"smtp://127.0.0.1:{mails.server_address[1]}",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.kills = 0
        self.child = self._begin()

    def _begin(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def kill(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        self.kills += 1
        self.child = self._begin()

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGKILL)
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def slow_mails() -> Iterator[MailServer]:
    """Slow enough to be killed beside."""
    with MailServer(seconds=SLOW_MAIL) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def teller(slow_mails: MailServer) -> Iterator[Teller]:
    teller = Teller(slow_mails)
    yield teller
    teller.end()


def report(percent: int) -> None:
    for host in HOSTS:
        text = json.dumps({"value": str(percent), "at": time.time()})
        client().hset(memory._key(), host, text)


def notices(level: str) -> QuerySet[Notice]:
    about = [f"alert:{alert.uid}" for alert in ours()]
    return Notice.objects.filter(about__in=about, level=level)


def ours() -> QuerySet[Alert]:
    return Alert.objects.filter(rule="memory", target__in=HOSTS)


def told(level: str) -> bool:
    sent = notices(level).filter(state=Notice.State.SENT).count()
    return sent == len(HOSTS) * len(PEOPLE)


def test_nothing_is_told_twice_and_nothing_is_lost(
    teller: Teller,
    slow_mails: MailServer,
    person: Callable[..., User],
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    for name in PEOPLE:
        person(name, "Operator")
    client().delete(memory._key())
    Rule.objects.filter(name="memory").update(for_seconds=0)
    chance = random.Random(7)
    for percent, level, kills in ((99, "firing", KILLS // 2), (1, "resolved", KILLS)):
        ends = time.monotonic() + (30 + KILLS) * factor
        while not told(level) or teller.kills < kills:
            assert time.monotonic() < ends, list(notices(level).values("state"))
            report(percent)
            time.sleep(chance.uniform(0.05, 0.6))
            if teller.kills < kills:
                teller.kill()

    stories = [tuple(alert.timeline.values_list("kind", flat=True)) for alert in ours()]
    assert stories == [("firing", "resolved")] * len(HOSTS)
    for level in ("firing", "resolved"):
        assert notices(level).count() == len(HOSTS) * len(PEOPLE)
    arrived = [
        found[1] for mail in slow_mails.mails if (found := MESSAGE_ID.search(mail))
    ]
    assert len(arrived) == len(slow_mails.mails)
    repeats = len(arrived) - len(set(arrived))
    seen(
        f"{teller.kills} x kill -9 of whoever judges and tells",
        "each word once a person, firing before resolved; a repeat has its Message-ID",
        f"{len(set(arrived))} messages, {repeats} repeated",
    )
    sent = Notice.objects.filter(state=Notice.State.SENT)
    assert {str(uid) for uid in sent.values_list("uid", flat=True)} <= set(arrived)
    assert repeats <= teller.kills, Counter(arrived).most_common(5)
    for alert in ours():
        for name in PEOPLE:
            firing, resolved = (
                str(notices(level).get(about=f"alert:{alert.uid}", recipient=name).uid)
                for level in ("firing", "resolved")
            )
            last_firing = len(arrived) - 1 - arrived[::-1].index(firing)
            assert last_firing < arrived.index(resolved), "in their order"
