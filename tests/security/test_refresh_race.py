"""A refresh token is good once, whoever else tries at the same moment."""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Session
from accounts.services import tokens
from kernel.errors import NotAuthenticated

RUNNERS = 10


def attempt(text: str) -> bool:
    """Whether the exchange was won; on a connection of its own."""
    try:
        tokens.refresh(text)
    except NotAuthenticated:
        return False
    finally:
        connection.close()
    return True


def in_a_process(text: str, gate: Any, wins: Any) -> None:
    connections.close_all()
    gate.wait()
    if attempt(text):
        with wins.get_lock():
            wins.value += 1


@pytest.mark.django_db(transaction=True)
class TestTheRace:
    def test_of_many_threads_at_most_one_wins(self, person: Any) -> None:
        ada = person("ada")
        for _ in range(5):
            pair = tokens.issue(ada)
            gate = threading.Barrier(RUNNERS)
            won: list[bool] = []

            def run(text: str = pair.refresh, gate: Any = gate, won: Any = won) -> None:
                gate.wait()
                won.append(attempt(text))

            threads = [threading.Thread(target=run) for _ in range(RUNNERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert (len(won), sum(won)) == (RUNNERS, 1)

    def test_the_winners_pair_dies_with_the_family(self, person: Any) -> None:
        pair = tokens.issue(person("ada"))
        winner = tokens.refresh(pair.refresh)
        assert not attempt(pair.refresh)
        for text in (pair.access, winner.access):
            with pytest.raises(NotAuthenticated):
                tokens.session_of_access(text)
        assert not attempt(winner.refresh)

    def test_the_kill_is_committed_before_the_refusal(self, person: Any) -> None:
        pair = tokens.issue(person("ada"))
        tokens.refresh(pair.refresh)
        assert not attempt(pair.refresh)
        connection.close()  # what was rolled back is gone now
        assert Session.objects.get().reason == "replay"

    @pytest.mark.process
    def test_of_many_processes_at_most_one_wins(self, person: Any) -> None:
        pair = tokens.issue(person("ada"))
        connections.close_all()
        context = multiprocessing.get_context("fork")
        gate, wins = context.Barrier(RUNNERS), context.Value("i", 0)
        runners = [
            context.Process(target=in_a_process, args=(pair.refresh, gate, wins))
            for _ in range(RUNNERS)
        ]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join(30)
        assert [runner.exitcode for runner in runners] == [0] * RUNNERS
        assert wins.value == 1
        assert Session.objects.get().reason == "replay"
