"""Several requests at the same moment, each from a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

Answer = Any


def at_once(sends: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """What each is answered, in their order. Who is told that the database is busy
    tries again."""
    gate = threading.Barrier(len(sends))
    answers: list[Answer] = [None] * len(sends)

    def run(place: int, send: Callable[[], Answer]) -> None:
        try:
            gate.wait()
            answer = send()
            while answer.status_code == 503:
                time.sleep(float(answer["Retry-After"]))
                answer = send()
            answers[place] = answer
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(place, send))
        for place, send in enumerate(sends)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
