"""Properties that say how often they were really put to the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

Case = TypeVar("Case")
LEAST = 0.3
# For `make mutants`: the same few cases each time, and no search for a smaller one.
SHORT = "mutants"
settings.register_profile(
    SHORT,
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def holds_for(
    cases: SearchStrategy[Case],
    check: Callable[[Case], bool],
    *,
    examples: int = 150,
    least: float = LEAST,
) -> None:
    """Run `check` on many cases. It raises where the property is broken, and answers
    whether this case reached the main assertion: fails where too few of them do."""
    if settings.get_current_profile_name() == SHORT:
        examples = settings().max_examples
    reached: list[bool] = []

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(cases)
    def run(case: Case) -> None:
        reached.append(check(case))

    run()
    share = sum(reached) / len(reached)
    assert share >= least, f"{sum(reached)} of {len(reached)} reached the assertion"
