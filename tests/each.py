"""One test for many small cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Case = TypeVar("Case")


def each(
    cases: Iterable[Case],
) -> Callable[[Callable[[Case], None]], Callable[[], None]]:
    """Asks a test of every case and names all that fail, as one test of pytest: to
    hand one out and report it costs each run more than a look into a small file."""
    known = list(cases)

    def of_all(test: Callable[[Case], None]) -> Callable[[], None]:
        def asked() -> None:
            assert known
            faults = list(filter(None, (_fault(test, case) for case in known)))
            assert not faults, "\n\n".join(faults)

        asked.__name__, asked.__doc__ = test.__name__, test.__doc__
        asked.__module__ = test.__module__
        return asked

    return of_all


def _fault(test: Callable[[Case], None], case: Case) -> str:
    try:
        test(case)
    except AssertionError as error:
        return f"{case}: {error}"
    return ""
