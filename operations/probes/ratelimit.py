"""Rate limits: the request after the last allowed one is refused, whichever instance is
asked and whatever is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle

from accounts.probes.asking import api_paths
from accounts.services import probe as account
from accounts.services.limits import API
from kernel import http
from kernel.limits.windows import Window
from kernel.registry import Measurement, Params, Weight, probe
from operations.services.instances import second_instance

REFUSED = 429
SECOND = "second"
TRIES = 5
# An override is read by each process within a second.
KNOWN_AFTER = 1.2
# Under the limit of a second, so that only the longer window can refuse.
A_SECOND = 8
Ask = Callable[[str], http.Reply]


class WindowMissed(ArithmeticError):
    """The window was over before enough requests were answered."""


@probe(
    "ratelimit",
    title="One request too many is refused, over two instances",
    freshness=timedelta(hours=24),
    weight=Weight.LONG,
)
def ratelimit(params: Params) -> Measurement:
    """`window` is second, minute or hour; without it all three. Each is filled by an
    account of its own at addresses in turn, half of them at a second instance. The
    hour's account has the shorter windows lifted, by an override that the log tells."""
    windows = {window.name: window for window in API.windows}
    wanted = params.get("window", "")
    if wanted and wanted not in windows:
        return Measurement.uncollected(f"there is no window {wanted}")
    chosen = [windows[wanted]] if wanted else list(API.windows)
    faults: list[str] = []
    with second_instance() as port:
        for window in chosen:
            try:
                faults += _measured(window, port)
            except WindowMissed:
                return Measurement.uncollected(
                    f"{window.limit + 1} requests took longer than a {window.name}"
                )
    shown = ", ".join(f"{window.limit} a {window.name}" for window in chosen)
    return Measurement.of_faults(
        faults, f"{shown}: the next is a 429 at either of two instances"
    )


def _measured(window: Window, port: int) -> list[str]:
    lifted = (SECOND, "minute") if window.name == "hour" else ()
    with account.throwaway(lifted=lifted) as token:
        if lifted:
            time.sleep(KNOWN_AFTER)
        instances = [_ask(token, None), _ask(token, port)]
        if window.name == SECOND:
            return burst_faults(window, instances)
        pause = 0.0 if lifted else 1.0
        return filled_faults(window, instances, pause=pause)


def _ask(token: str, port: int | None) -> Ask:
    headers = {"Authorization": f"Bearer {token}"}
    return lambda path: http.own(path, headers=headers, port=port)


def burst_faults(window: Window, instances: Sequence[Ask]) -> list[str]:
    """What is wrong when all are asked at once: exactly `size` may pass. Raises
    WindowMissed."""
    paths = cycle(api_paths())
    asks = [
        (ask, next(paths))
        for ask, _ in zip(cycle(instances), range(window.limit + 1), strict=False)
    ]
    for _ in range(TRIES):
        began = time.monotonic()
        with ThreadPoolExecutor(len(asks)) as threads:
            answers = list(threads.map(lambda pair: pair[0](pair[1]), asks))
        if time.monotonic() - began < window.seconds:
            return _faults(window, answers)
        time.sleep(window.seconds)
    raise WindowMissed


def filled_faults(
    window: Window, instances: Sequence[Ask], *, pause: float
) -> list[str]:
    """As `burst_faults`, one after the other, `pause` seconds after each few."""
    began, answers = time.monotonic(), []
    turns = zip(
        cycle(instances), cycle(api_paths()), range(window.limit + 1), strict=False
    )
    for ask, path, number in turns:
        answers.append(ask(path))
        if pause and number % A_SECOND == A_SECOND - 1:
            time.sleep(pause)
    if time.monotonic() - began >= window.seconds:
        raise WindowMissed
    return _faults(window, answers)


def _faults(window: Window, answers: Sequence[http.Reply]) -> list[str]:
    refused = [answer for answer in answers if answer.status == REFUSED]
    admitted = len(answers) - len(refused)
    faults = []
    if admitted != window.limit:
        faults.append(
            f"{admitted} of {len(answers)} requests passed in a {window.name}, "
            f"not {window.limit}"
        )
    for answer in refused[:1]:
        wait = answer.headers.get("retry-after", "")
        if not wait.isdecimal() or not 1 <= int(wait) <= window.seconds:
            faults.append(f"a 429 says Retry-After {wait or 'nowhere'!r}")
        if "problem+json" not in answer.headers.get("content-type", ""):
            faults.append("a 429 is no problem+json")
    return faults
