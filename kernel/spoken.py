"""Ages and numbers of things as people say them: pure, for domain code too."""

from __future__ import annotations

AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """ "2 min", "3 h", "5 d"."""
    whole = int(abs(seconds))
    for size, unit in AGES:
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"


def exactly(seconds: int) -> str:
    """ "90 s", "15 min", "48 h": the largest unit below days that leaves nothing over."""
    for size, unit in AGES[1:]:
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds:,} s"


def plural(number: int, noun: str, many: str = "") -> str:
    """ "1 line", "2 lines", "0 people"; `many` is the plural that is no -s."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"
