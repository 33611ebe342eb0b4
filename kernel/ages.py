"""How long something took or is ago, as people say it: pure, for domain code too."""

from __future__ import annotations

AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """ "2 min", "3 h", "5 d"."""
    whole = int(abs(seconds))
    for size, unit in AGES:
        if whole >= size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
